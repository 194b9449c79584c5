import assert from 'node:assert/strict'
import { test } from 'node:test'
import { settle } from '../../test/fixtures/settle.ts'
import { MemoryClock } from '../adapters/memory/memory-clock.ts'
import { MemoryCoordination } from '../adapters/memory/memory-coordination.ts'
import { MemoryCoordinator } from '../adapters/memory/memory-coordinator.ts'
import { followSettings } from './settings-follower.ts'
import type { Settings } from './settings-layer.ts'
import { readWholeConfig } from './whole-config.ts'

function world() {
  const clock = new MemoryClock()
  const etcd = new MemoryCoordination(clock)
  const coordinator = new MemoryCoordinator(etcd)
  const put = async (...pairs: readonly [string, string][]): Promise<void> => {
    const change = pairs.map(([name, value]) => ({ put: `/settings/${name}`, value }))
    await coordinator.transact({ compare: [], change })
  }
  return { clock, etcd, coordinator, put }
}

test('the settings in etcd are part of the configuration', async () => {
  const { coordinator, put } = world()
  await put(['datacenter.id', '5'], ['log.level', 'debug'])
  const { config, without, dcAssumed, settings } = await readWholeConfig({ environment: {} }, coordinator)
  assert.deepEqual(
    [config.datacenter.id, config.log.level, without, dcAssumed, settings?.size],
    [5, 'debug', undefined, false, 2],
  )
})

test('an etcd that is away, or whose settings are bad, does not hinder the start', async () => {
  const { coordinator, etcd, put } = world()
  await put(['datacenter.id', '9'], ['log.level', 'debug'])
  const bad = await readWholeConfig({ environment: {} }, coordinator)
  assert.deepEqual([bad.config.datacenter.id, bad.config.log.level], [0, 'info'])
  assert.equal(bad.without?.code, 'IDGEN_CONFIG_INVALID')
  assert.equal(bad.without?.faults[0]?.path, 'datacenter.id')
  etcd.away = 'cut off'
  const away = await readWholeConfig({ environment: {} }, coordinator)
  assert.equal(away.without?.code, 'IDGEN_COORDINATION_UNAVAILABLE')
  assert.equal(away.settings, undefined)
})

test('a data centre that nobody gave is called assumed while etcd is not heard', async () => {
  const { coordinator, etcd } = world()
  assert.equal((await readWholeConfig({ environment: {} }, coordinator)).dcAssumed, false)
  etcd.away = 'cut off'
  assert.equal((await readWholeConfig({ environment: {} }, coordinator)).dcAssumed, true)
  const environment = { IDGEN_DATACENTER_ID: '0' }
  assert.equal((await readWholeConfig({ environment }, coordinator)).dcAssumed, false)
  const file = { name: 'f', text: 'datacenter: { id: 0 }' }
  assert.equal((await readWholeConfig({ file, environment: {} }, coordinator)).dcAssumed, false)
})

test('faults of file and environment hinder the start, with etcd or without', async () => {
  const { coordinator } = world()
  const environment = { IDGEN_LOG_LEVEL: 'loud' }
  await assert.rejects(readWholeConfig({ environment }, coordinator), { code: 'IDGEN_CONFIG_INVALID' })
})

test('changes are told all at once, and what is known stays while etcd is away', async () => {
  const { clock, etcd, coordinator, put } = world()
  const told: Settings[] = []
  await put(['log.level', 'warn'])
  const following = followSettings(coordinator, clock, (settings) => told.push(settings))
  const pass = async (): Promise<void> => {
    await settle()
    clock.advance(50)
  }
  await pass()
  await put(['server.generate.deadline', '5s'], ['segment.refillDeadline', '4s'])
  await coordinator.transact({ compare: [], change: [{ delete: '/settings/log.level' }] })
  await pass()
  etcd.away = 'cut off'
  await pass()
  assert.deepEqual(
    told.map((settings) => Object.fromEntries(settings)),
    [{ 'log.level': 'warn' }, { 'server.generate.deadline': '5s', 'segment.refillDeadline': '4s' }],
  )
  following[Symbol.dispose]()
  etcd.away = undefined
  await put(['log.level', 'debug'])
  await pass()
  assert.deepEqual([told.length, clock.pending], [2, 0])
})
