import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RecordedLog } from '../../test/fixtures/recorded-log.ts'
import { MemoryAuditSink } from '../adapters/memory/memory-audit-sink.ts'
import { MemoryClock } from '../adapters/memory/memory-clock.ts'
import { AuditTrail } from './audit-trail.ts'
import { StoreWatch } from './store-watch.ts'

test('a database that lost commits is told for the first ten tags and counted for all (SegmentStoreRegressed)', async () => {
  const sink = new MemoryAuditSink()
  const log = new RecordedLog()
  const audit = new AuditTrail({ sink, clock: new MemoryClock(), log, queueMax: 1000, flushEveryMs: 1000 })
  const watch = new StoreWatch({ audit, log })
  for (let tagId = 0; tagId < 500; tagId += 1)
    watch.found(tagId, 0, { kind: 'regressed', before: 'a', now: 'b', skipped: 2 })
  watch.found(1, 0, { kind: 'history', before: 'b', now: 'c', skipped: 5 })
  watch.found(1, 0, { kind: 'blind', before: 'c', now: 'c', skipped: 0 })
  await audit.flush()
  assert.deepEqual(watch.counters, { history: 1, regressed: 500, blind: 1, skipped: 1005 })
  assert.equal(sink.records.filter(({ action }) => action === 'store.regressed').length, 10)
  assert.equal(sink.records.filter(({ action }) => action === 'store.history').length, 1)
  assert.equal(sink.records.filter(({ action }) => action === 'store.blind').length, 1)
})
