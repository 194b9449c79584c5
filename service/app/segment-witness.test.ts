import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UnreliableCoordinator } from '../../test/fixtures/unreliable-coordinator.ts'
import { MemoryClock } from '../adapters/memory/memory-clock.ts'
import { MemoryCoordination } from '../adapters/memory/memory-coordination.ts'
import { MemoryCoordinator } from '../adapters/memory/memory-coordinator.ts'
import { witnessKey } from '../core/coordination-keys.ts'
import { SegmentWitness } from './segment-witness.ts'

test('what the last allocation met a while ago does not call an idle process degraded', async () => {
  const clock = new MemoryClock()
  const coordinator = new UnreliableCoordinator(new MemoryCoordinator(new MemoryCoordination(clock)))
  const witness = new SegmentWitness({ coordinator, clock, deadlineMs: 200 })
  coordinator.before = () => {
    throw new Error('no majority')
  }
  assert.equal(await witness.read('g', 0), 'away')
  assert.match(witness.fault ?? '', /no majority/)
  clock.advance(10_000)
  assert.match(witness.fault ?? '', /no majority/)
  clock.advance(10_000)
  assert.equal(witness.fault, undefined)
})

test('a record that somebody edited is named with its key and the way out', async () => {
  const clock = new MemoryClock()
  const coordinator = new MemoryCoordinator(new MemoryCoordination(clock))
  const witness = new SegmentWitness({ coordinator, clock, deadlineMs: 200 })
  const key = witnessKey('g', 0)
  await coordinator.transact({ compare: [], change: [{ put: key, value: 'garbage' }] })
  assert.equal(await witness.read('g', 0), 'away')
  assert.match(witness.fault ?? '', /^the key \/witness\/g\/0 in etcd holds .* garbage; delete it/)
  await coordinator.transact({ compare: [], change: [{ delete: key }] })
  assert.deepEqual(await witness.read('g', 0), { text: undefined, record: undefined })
  assert.equal(witness.fault, undefined)
})
