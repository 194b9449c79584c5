import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RecordedLog } from '../../test/fixtures/recorded-log.ts'
import { MemoryAuditSink } from '../adapters/memory/memory-audit-sink.ts'
import { MemoryClock } from '../adapters/memory/memory-clock.ts'
import { IdgenError } from '../core/errors.ts'
import type { SegmentStore } from '../ports/segment-store.ts'
import { AuditTrail } from './audit-trail.ts'
import { CapacityWatch } from './capacity-watch.ts'
import { IssueLedger } from './issue-ledger.ts'

function recorded() {
  const clock = new MemoryClock()
  const log = new RecordedLog()
  const sink = new MemoryAuditSink()
  const audit = new AuditTrail({ sink, clock, log, queueMax: 100, flushEveryMs: 1000 })
  const actions = async (): Promise<readonly string[]> => {
    await audit.flush()
    return sink.records.map(({ action, subject }) => `${action} ${subject}`)
  }
  return { clock, log, audit, actions }
}

test('a new alert share is judged at once, without waiting for the next check', async () => {
  const { clock, log, audit, actions } = recorded()
  const store = {
    initialiseAll: async () => 0,
    usage: async () => [
      { tagId: 1, dc: 0, usedShare: 0.7 },
      { tagId: 2, dc: 0, usedShare: 0.2 },
    ],
  } as unknown as SegmentStore
  const watch = new CapacityWatch({
    store,
    audit,
    clock,
    log,
    dc: 0,
    checkEveryMs: 3_600_000,
    alertShare: 0.8,
  })
  await watch.check()
  assert.deepEqual([watch.alerting, watch.largestShare], [0, 0.7])
  watch.configure({ alertShare: 0.6 })
  assert.equal(watch.alerting, 1)
  watch.configure({ alertShare: 0.75 })
  assert.equal(watch.alerting, 0)
  assert.deepEqual(await actions(), ['capacity.alert tag 1', 'capacity.clear tag 1'])
})

test('how full the fullest tag is is not known before a check succeeds, and stays known when one fails', async () => {
  const { clock, log, audit } = recorded()
  let away = true
  const store = {
    initialiseAll: async () => 0,
    usage: async () => {
      if (away) throw new IdgenError('IDGEN_STORE_UNAVAILABLE', 'away')
      return [{ tagId: 1, dc: 0, usedShare: 0.7 }]
    },
  } as unknown as SegmentStore
  const limits = { dc: 0, checkEveryMs: 3_600_000, alertShare: 0.8 }
  const watch = new CapacityWatch({ store, audit, clock, log, ...limits })
  assert.equal(watch.largestShare, undefined)
  await watch.check()
  assert.equal(watch.largestShare, undefined)
  away = false
  await watch.check()
  away = true
  await watch.check()
  assert.equal(watch.largestShare, 0.7)
})

test('a new sampling counts from the next call on', async () => {
  const { audit, actions } = recorded()
  const ledger = new IssueLedger({ audit, sampleEvery: 0 })
  const call = (): void => ledger.count('key', 'w/g/t', 'ok', 1, undefined)
  call()
  ledger.configure({ sampleEvery: 1 })
  call()
  ledger.configure({ sampleEvery: 0 })
  call()
  assert.deepEqual(await actions(), ['generate w/g/t'])
})
