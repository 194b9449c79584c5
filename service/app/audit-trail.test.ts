import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RecordedLog } from '../../test/fixtures/recorded-log.ts'
import { settle } from '../../test/fixtures/settle.ts'
import { MemoryClock } from '../adapters/memory/memory-clock.ts'
import type { AuditCopy } from '../ports/audit-copy.ts'
import type { AuditRecord } from '../ports/audit-sink.ts'
import { AuditTrail } from './audit-trail.ts'
import { COPY_MAX_MS } from './bounded-copy.ts'
import { IssueLedger, type LedgerRow } from './issue-ledger.ts'

function trail(queueMax = 1000, copy?: AuditCopy) {
  const clock = new MemoryClock()
  const log = new RecordedLog()
  const written: AuditRecord[] = []
  const state = { away: false, batches: 0 }
  const sink = {
    write(records: readonly AuditRecord[]): Promise<void> {
      if (state.away) return Promise.reject(new Error('away'))
      state.batches += 1
      written.push(...records)
      return Promise.resolve()
    },
  }
  return {
    clock,
    log,
    written,
    state,
    audit: new AuditTrail({ sink, clock, log, queueMax, flushEveryMs: 1000, ...(copy && { copy }) }),
  }
}

test('records are written in order, in batches, in the background', async () => {
  const { audit, clock, written, state } = trail(2000)
  audit.start()
  for (let i = 0; i < 1200; i += 1) audit.record({ action: 'tag.create', subject: `t${i}` })
  clock.advance(1000)
  await settle()
  assert.deepEqual(
    written.map(({ subject }) => subject),
    Array.from({ length: 1200 }, (_, i) => `t${i}`),
  )
  assert.equal(state.batches, 3)
  await audit.stop()
  assert.equal(clock.pending, 0)
})

test('a sink that is away loses nothing while the queue has room, and order is kept', async () => {
  const { audit, written, state } = trail()
  state.away = true
  audit.record({ action: 'a', subject: '1' })
  await audit.flush()
  audit.record({ action: 'a', subject: '2' })
  state.away = false
  await audit.flush()
  assert.deepEqual(
    written.map(({ subject }) => subject),
    ['1', '2'],
  )
  assert.equal(audit.written, 2)
})

test('a full queue drops, counts and says so once', () => {
  const { audit, log } = trail(2)
  for (let i = 0; i < 5; i += 1) audit.record({ action: 'a', subject: `${i}` })
  assert.deepEqual([audit.queued, audit.dropped, audit.used], [2, 3, 1])
  assert.equal(log.lines.filter(({ text }) => text === 'audit queue full').length, 1)
})

test('a queue of large records is full before it has as many as it may, and has room again once they are written', async () => {
  const { audit, state, log } = trail(1000)
  state.away = true
  // 100 KB each: 15 of them are what a thousand of common size take.
  const large = { action: 'tag.update', subject: 't', detail: { text: 'x'.repeat(100_000) } }
  for (let i = 0; i < 50; i += 1) audit.record(large)
  await audit.flush()
  assert.deepEqual([audit.queued, audit.dropped], [15, 35])
  assert.ok(audit.used >= 1, `${audit.used}: what tells how full it is must see what fills it`)
  assert.ok(Number(log.lines.find(({ text }) => text === 'audit queue full')?.fields['bytes']) > 1_500_000)
  state.away = false
  await audit.flush()
  assert.deepEqual([audit.queued, audit.used], [0, 0])
  for (let i = 0; i < 15; i += 1) audit.record(large)
  assert.deepEqual([audit.queued, audit.dropped], [15, 35])
})

test('a stop writes what is queued; what could not be written is told, not hidden', async () => {
  const good = trail()
  good.audit.start()
  good.audit.record({ action: 'a', subject: 'last' })
  await good.audit.stop()
  assert.equal(good.written.length, 1)
  const bad = trail()
  bad.state.away = true
  bad.audit.record({ action: 'a', subject: 'lost' })
  await bad.audit.stop()
  assert.ok(bad.log.lines.some(({ text }) => text === 'audit records lost at shutdown'))
})

test('what is not to be done before it is written down waits for the sink, and is told where it has it not', async () => {
  const { audit, written, state } = trail(1)
  const entry = { action: 'audit.expire', subject: 'retention' }
  const other = audit.flush()
  assert.equal(await audit.recordAtOnce(entry), true)
  assert.equal(written.length, 1)
  await other
  state.away = true
  assert.equal(await audit.recordAtOnce(entry), false, 'the sink is away')
  assert.equal(await audit.recordAtOnce(entry), false, 'the queue is full')
  state.away = false
  await audit.stop()
  assert.equal(await audit.recordAtOnce(entry), false, 'it has ended')
  assert.equal(written.length, 2)
})

test('the ledger writes one record per key, tag and result', async () => {
  const { audit, written } = trail()
  const ledger = new IssueLedger({ audit, sampleEvery: 0 })
  for (let i = 0; i < 10; i += 1) ledger.count('k1', 'w/g/t', 'ok', 5, undefined)
  ledger.count('k1', 'w/g/t', 'IDGEN_RANGE_EXHAUSTED', 0, undefined)
  ledger.count('k2', 'w/g/t', 'ok', 1, undefined)
  ledger.write()
  await audit.flush()
  assert.deepEqual(
    written.map(({ actor, action, subject, workspace, result, detail }) => [
      actor,
      action,
      subject,
      workspace,
      result,
      detail,
    ]),
    [
      ['k1', 'generate.count', 'w/g/t', 'w', 'ok', { requests: 10, ids: 50 }],
      ['k1', 'generate.count', 'w/g/t', 'w', 'IDGEN_RANGE_EXHAUSTED', { requests: 1, ids: 0 }],
      ['k2', 'generate.count', 'w/g/t', 'w', 'ok', { requests: 1, ids: 1 }],
    ],
  )
})

test('a row of the ledger that is remembered counts for its key, and no more once it was written', async () => {
  const { audit, written } = trail()
  const ledger = new IssueLedger({ audit, sampleEvery: 0 })
  let row: LedgerRow | undefined
  for (const keyId of ['a', 'a', 'b', 'a']) row = ledger.countSingles(row, keyId, 'w/g/t', 10)
  ledger.write()
  row = ledger.countSingles(row, 'a', 'w/g/t', 3)
  ledger.write()
  await audit.flush()
  assert.deepEqual(
    written.map(({ actor, result, detail }) => [actor, result, detail]),
    [
      ['a', 'ok', { requests: 30, ids: 30 }],
      ['b', 'ok', { requests: 10, ids: 10 }],
      ['a', 'ok', { requests: 3, ids: 3 }],
    ],
  )
})

test('every n-th call is recorded in full with its trace id', async () => {
  const { audit, written } = trail()
  const ledger = new IssueLedger({ audit, sampleEvery: 3 })
  for (let i = 1; i <= 7; i += 1) ledger.count('k', 'w/g/t', 'ok', i, `trace${i}`)
  await audit.flush()
  assert.deepEqual(
    written.map(({ action, traceId }) => [action, traceId]),
    [
      ['generate', 'trace3'],
      ['generate', 'trace6'],
    ],
  )
})

test('the ledger is bounded: more pairs than it holds are written early', async () => {
  const { audit } = trail(20_000)
  const ledger = new IssueLedger({ audit, sampleEvery: 0 })
  for (let i = 0; i < 10_001; i += 1) ledger.count('k', `w/g/t${i}`, 'ok', 1, undefined)
  assert.equal(audit.queued, 10_000)
})

test('alerts told from outside leave room in the queue for what people did', () => {
  const { audit, written } = trail(10)
  for (let i = 0; i < 100; i += 1) audit.record({ action: 'alert.firing', subject: 'flood' })
  audit.record({ action: 'tag.update', subject: 'w/g/t' })
  assert.deepEqual([audit.queued, audit.dropped, written.length], [9, 92, 0])
})

test('a sampled call is found by its workspace', async () => {
  const { audit, written } = trail()
  const ledger = new IssueLedger({ audit, sampleEvery: 1 })
  ledger.count('k1', 'w/g/t', 'ok', 5, undefined)
  ledger.countMany('k1', 'w/g/t', 'ok', { requests: 2, ids: 4 })
  await audit.flush()
  assert.deepEqual(
    written.map(({ action, workspace }) => [action, workspace]),
    [
      ['generate', 'w'],
      ['generate', 'w'],
    ],
  )
})

test('a copy has each record once and at once, also while the sink is away and at a stop', async () => {
  const copied: string[] = []
  const copy = {
    missed: 0,
    add(records: readonly AuditRecord[]): Promise<void> {
      copied.push(...records.map(({ subject }) => subject))
      return Promise.resolve()
    },
  }
  const state = { away: true }
  const written: string[] = []
  const sink = {
    write(records: readonly AuditRecord[]): Promise<void> {
      if (state.away) return Promise.reject(new Error('away'))
      written.push(...records.map(({ subject }) => subject))
      return Promise.resolve()
    },
  }
  const clock = new MemoryClock()
  const audit = new AuditTrail({
    sink,
    copy,
    clock,
    log: new RecordedLog(),
    queueMax: 10,
    flushEveryMs: 1000,
  })
  audit.record({ action: 'a', subject: '1' })
  assert.equal(await audit.flush(), false)
  audit.record({ action: 'a', subject: '2' })
  assert.equal(await audit.flush(), false, 'tried again')
  assert.deepEqual(copied, ['1', '2'])
  audit.record({ action: 'a', subject: '3' })
  state.away = false
  assert.equal(await audit.flush(), true)
  assert.deepEqual([copied, written], [['1', '2', '3'], copied])
  state.away = true
  for (const subject of ['4', '5']) audit.record({ action: 'a', subject })
  await audit.stop()
  assert.deepEqual([copied, written], [['1', '2', '3', '4', '5'], copied.slice(0, 3)])
  copy.missed = 3
  assert.equal(audit.missedByCopy, 3)
})

test('a copy that hangs holds up neither the sink nor a stop', async () => {
  const { clock, log, written, audit } = trail(1000, { missed: 0, add: () => new Promise(() => {}) })
  audit.record({ action: 'a', subject: '1' })
  const flushed = audit.flush()
  await settle()
  clock.advance(COPY_MAX_MS)
  assert.equal(await flushed, true)
  audit.record({ action: 'a', subject: '2' })
  await audit.stop()
  assert.deepEqual([written.length, audit.missedByCopy, clock.pending], [2, 2, 0])
  assert.equal(log.lines.filter(({ text }) => text === 'audit file cannot be written').length, 1)
})

test('an export has each record once and at once, also while the file hangs and the sink is away', async () => {
  const clock = new MemoryClock()
  const sent: string[] = []
  const exporter = {
    missed: 0,
    counters: { exported: 0, dropped: 0, refused: 0 },
    waiting: 0,
    used: 0,
    queueMax: 10,
    add(records: readonly AuditRecord[]): Promise<void> {
      sent.push(...records.map(({ subject }) => subject))
      return Promise.resolve()
    },
  }
  const audit = new AuditTrail({
    sink: { write: () => Promise.reject(new Error('away')) },
    copy: { missed: 0, add: () => new Promise(() => {}) },
    exporter,
    clock,
    log: new RecordedLog(),
    queueMax: 1000,
    flushEveryMs: 1000,
  })
  const subjects = Array.from({ length: 700 }, (_, i) => `${i}`)
  for (const subject of subjects) audit.record({ action: 'a', subject })
  const flushed = audit.flush()
  await settle()
  assert.deepEqual(sent, subjects.slice(0, 500), 'it does not wait for the file')
  clock.advance(COPY_MAX_MS)
  assert.equal(await flushed, false)
  assert.equal(await audit.flush(), false, 'tried again')
  assert.deepEqual(sent, subjects)
  assert.equal(audit.exporter, exporter)
})

test('what was refused, or did not go well, is not logged as a change', () => {
  const { audit, log } = trail()
  audit.record({ action: 'tag.refused', subject: 'w/g/t' })
  audit.record({ action: 'key.refuse', subject: 'k' })
  audit.record({ action: 'tag.update', subject: 'w/g/t', result: 'IDGEN_TAG_IN_USE' })
  assert.deepEqual(log.lines, [])
  audit.record({ action: 'tag.update', subject: 'w/g/t' })
  assert.deepEqual(
    log.lines.map(({ text }) => text),
    ['changed'],
  )
})
