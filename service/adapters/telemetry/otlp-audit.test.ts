import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RecordedLog } from '../../../test/fixtures/recorded-log.ts'
import { settle } from '../../../test/fixtures/settle.ts'
import type { ChainedRecord } from '../../ports/audit-sink.ts'
import { MemoryClock } from '../memory/memory-clock.ts'
import type { Sent } from './batch-exporter.ts'
import { OtlpAudit } from './otlp-audit.ts'
import { otlpAuditRecord } from './otlp-audit-records.ts'

const AWAY: Sent = { kind: 'later', why: 'away', afterMs: undefined }

/** The receiver answers with `answers`, then takes all. */
function exportOf(answers: readonly Sent[], queueMax = 1000) {
  const clock = new MemoryClock()
  const log = new RecordedLog()
  const bodies: string[] = []
  const audit = new OtlpAudit({
    post: async (body) => {
      bodies.push(body)
      return answers[bodies.length - 1] ?? { kind: 'taken', rejected: 0 }
    },
    queueMax,
    service: { version: '1.2.3', instance: 'a/1', dc: 2 },
    clock,
    random: { fill: () => undefined },
    log,
  })
  const pass = async (ms: number): Promise<void> => {
    clock.advance(ms)
    await settle()
  }
  const subjects = () =>
    bodies.map((body) =>
      [...body.matchAll(/"idgen\.audit\.subject","value":\{"stringValue":"([^"]*)"/g)].map(
        ([, subject]) => subject,
      ),
    )
  const told = () => log.lines.map(({ level, text, fields }) => ({ level, text, ...fields }))
  return { audit, pass, subjects, told, bodies }
}

function records(...subjects: string[]): ChainedRecord[] {
  return subjects.map((subject) => ({
    at: new Date(0),
    actor: 'k',
    action: 'tag.create',
    subject,
    workspace: undefined,
    result: 'ok',
    traceId: undefined,
    detail: {},
  }))
}

test('records are sent together, and whoever has them is not held up', async () => {
  const { audit, pass, subjects, told } = exportOf([])
  await audit.add(records('a'))
  await audit.add(records('b'))
  assert.equal(audit.waiting, 2)
  await pass(1000)
  assert.deepEqual(subjects(), [['a', 'b']])
  assert.deepEqual(audit.counters, { exported: 2, dropped: 0, refused: 0 })
  assert.deepEqual([audit.waiting, audit.missed, told()], [0, 0, []])
})

test('while a receiver takes none records wait, and then come all, in order', async () => {
  const { audit, pass, subjects, told } = exportOf([AWAY, AWAY])
  await audit.add(records('a'))
  await pass(1000)
  await audit.add(records('b'))
  await pass(1000)
  await pass(2000)
  assert.deepEqual(subjects(), [['a'], ['a', 'b'], ['a', 'b']])
  assert.deepEqual([audit.counters.exported, audit.missed], [2, 0])
  assert.deepEqual(told(), [
    { level: 'warn', text: 'audit records cannot be exported now', why: 'away', waiting: 1 },
    { level: 'info', text: 'audit records are exported again', missed: 0 },
  ])
})

test('what is refused, dropped or left at a stop is missed, and told as an error', async () => {
  const refused = exportOf([{ kind: 'refused', why: 'answered 400' }])
  await refused.audit.add(records('a', 'b'))
  await refused.pass(1000)
  const partly = exportOf([{ kind: 'taken', rejected: 1, why: 'too old' }])
  await partly.audit.add(records('a', 'b'))
  await partly.pass(1000)
  const full = exportOf([], 2)
  await full.audit.add(records('a', 'b', 'c'))
  const stopped = exportOf([AWAY])
  await stopped.audit.add(records('a'))
  await stopped.audit.stop()
  for (const [{ audit, told }, counters, why] of [
    [refused, { exported: 0, dropped: 0, refused: 2 }, 'answered 400'],
    [partly, { exported: 1, dropped: 0, refused: 1 }, 'too old'],
    [full, { exported: 0, dropped: 1, refused: 0 }, '2 wait already'],
    [stopped, { exported: 0, dropped: 1, refused: 0 }, 'the process stops'],
  ] as const) {
    assert.deepEqual(audit.counters, counters)
    const missed = counters.dropped + counters.refused
    assert.equal(audit.missed, missed)
    assert.deepEqual(told().at(-1), { level: 'error', text: 'audit records were not exported', why, missed })
  }
})

test('large records take the room of several, those beyond Latin-1 of twice as many', async () => {
  for (const [letter, fit] of [
    ['x', 7],
    ['\u4e2d', 3],
  ] as const) {
    // 15,000 bytes in all; each of these has 2,000 characters.
    // The subject stands in it twice.
    const { audit } = exportOf([], 10)
    const one = otlpAuditRecord(records('')[0] as ChainedRecord).length
    const subject = letter.repeat(Math.floor((2000 - one) / 2))
    await audit.add(records(...Array.from({ length: 9 }, () => subject)))
    assert.deepEqual([audit.waiting, audit.counters.dropped], [fit, 9 - fit])
  }
})

test('no request is heavier than receivers take, however many records wait', async () => {
  const { audit, pass, bodies } = exportOf([], 10_000)
  for (let i = 0; i < 10; i += 1)
    await audit.add(records(...Array.from({ length: 500 }, (_, place) => `${i}/${place}`)))
  for (let i = 0; i < 20; i += 1) await pass(1000)
  assert.equal(audit.counters.exported, 5000)
  assert.ok(bodies.length > 2 && bodies.every((body) => body.length < 600_000), `${bodies.length}`)
})
