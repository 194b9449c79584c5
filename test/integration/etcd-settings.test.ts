// Runs beside others: a change is in force in milliseconds, and held to the five seconds of the requirement.

import assert from 'node:assert/strict'
import { before, type TestContext, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { EtcdCoordinator } from '../../service/adapters/etcd/etcd-coordinator.ts'
import { type ServiceProcess, startService } from '../fixtures/service-process.ts'
import { SILENT } from '../fixtures/silent-log.ts'
import { type EtcdCluster, testEtcd } from './etcd-server.ts'
import { type TestDatabase, testDatabase } from './postgres-server.ts'

/** a change is live in less than this. */
const LIVE_WITHIN_MS = 5000

let database: TestDatabase

// Dropped with the server at the end of the file.
before(async () => {
  database = await testDatabase()
})

interface Started {
  readonly etcd: EtcdCluster
  /** Writes what stands behind /settings/, all in one transaction; undefined deletes. */
  readonly put: (settings: Readonly<Record<string, string | undefined>>) => Promise<void>
}

async function withEtcd(t: TestContext): Promise<Started> {
  const etcd = await testEtcd()
  t.after(() => etcd.close())
  const { endpoints } = etcd
  const coordinator = new EtcdCoordinator({ endpoints, prefix: '/idgen', timeoutMs: 5000, log: SILENT })
  t.after(() => coordinator.close())
  return {
    etcd,
    put: async (settings) => {
      const change = Object.entries(settings).map(([name, value]) => {
        const key = `/settings/${name}`
        return value === undefined ? { delete: key } : { put: key, value }
      })
      await coordinator.transact({ compare: [], change })
    },
  }
}

async function serve(t: TestContext, environment: Record<string, string>): Promise<ServiceProcess> {
  const service = await startService({
    IDGEN_DATABASE_URL: database.url,
    IDGEN_DATABASE_POOL_MIN: '1',
    ...environment,
  })
  t.after(() => service.stop('SIGTERM'))
  return service
}

function linesOf(service: ServiceProcess, text: string): Record<string, unknown>[] {
  return service.log.filter(({ msg }) => String(msg).startsWith(text))
}

async function soon(what: string, holds: () => boolean): Promise<void> {
  const untilMs = performance.now() + LIVE_WITHIN_MS
  while (!holds()) {
    assert.ok(performance.now() < untilMs, `${what} did not happen within ${LIVE_WITHIN_MS} ms`)
    await pause(2)
  }
}

test('a setting in etcd is in force in less than 5 s, a bad one changes nothing, all over an etcd restart', async (t) => {
  const { etcd, put } = await withEtcd(t)
  await put({ 'datacenter.id': '5', 'log.levle': 'debug' })
  const service = await serve(t, { IDGEN_ETCD_ENDPOINTS: etcd.endpoints.join() })
  const changed = (): Record<string, unknown>[] => linesOf(service, 'configuration changed')
  assert.equal(linesOf(service, 'worker id acquired')[0]?.['dc'], 5, 'the data centre comes from etcd')
  assert.equal(linesOf(service, 'settings in etcd that this version does not know').length, 1)

  const tookMs: number[] = []
  for (let change = 1; change <= CHANGES; change += 1) {
    const startedMs = performance.now()
    await put({ 'audit.sampleEvery': String(change) })
    await soon('the change', () => changed().length === change)
    tookMs.push(performance.now() - startedMs)
  }
  tookMs.sort((a, b) => a - b)
  const median = tookMs[CHANGES / 2] ?? 0
  t.diagnostic(
    `${CHANGES} changes live after ${Math.round(median)} ms (median), ${Math.round(tookMs.at(-1) ?? 0)} ms at most`,
  )
  assert.deepEqual(changed().at(-1)?.['live'], ['audit.sampleEvery'])

  await put({ 'audit.sampleEvery': 'often', 'snowflake.window': '1y' })
  const refused = (): Record<string, unknown>[] => linesOf(service, 'configuration refused')
  await soon('the refusal', () => refused().length === 1)
  const faults = refused()[0]?.['faults'] as readonly { readonly path: string }[] | undefined
  assert.deepEqual(
    faults?.map(({ path }) => path),
    ['audit.sampleEvery', 'snowflake.window'],
  )
  assert.equal(changed().length, CHANGES)

  const [member] = etcd.members
  await member?.kill()
  member?.start()
  await etcd.ready()
  await put({ 'audit.sampleEvery': undefined, 'snowflake.window': '40s', 'datacenter.id': '6' })
  await soon('the repair', () => changed().length === CHANGES + 1)
  assert.deepEqual(changed().at(-1)?.['needsRestart'], ['datacenter.id', 'snowflake.window'])
})

test('a process whose etcd is away starts without the settings and says so', async (t) => {
  const service = await serve(t, {
    IDGEN_ETCD_ENDPOINTS: 'http://127.0.0.1:1',
    IDGEN_ETCD_TIMEOUT: '200ms',
    IDGEN_DATACENTER_ID: '1',
  })
  assert.equal(linesOf(service, 'settings in etcd could not be read').length, 1)
})

const CHANGES = 24
