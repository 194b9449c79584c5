import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { auditLine } from '../../core/audit-line.ts'
import type { ChainedRecord } from '../../ports/audit-sink.ts'
import { otlpAuditBody, otlpAuditRecord } from './otlp-audit-records.ts'

const RECORD: ChainedRecord = {
  at: new Date(Date.UTC(2026, 0, 2, 3, 4, 5, 6)),
  actor: 'k1',
  action: 'tag.update',
  subject: 'w/g/größe',
  workspace: 'w',
  result: 'ok',
  traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
  detail: { before: { step: 1 }, after: { step: 2 } },
  link: { chain: 'a:0123456789abcdef', seq: 7, previousHash: '0'.repeat(64), hash: 'f'.repeat(64) },
}

interface LogRecord {
  readonly body: { readonly stringValue: string }
  readonly severityNumber: number
  readonly traceId?: string
}

function logRecord(changes: Partial<ChainedRecord> = {}): LogRecord {
  return JSON.parse(otlpAuditRecord({ ...RECORD, ...changes })) as LogRecord
}

test('a record is a LogRecord in the JSON form of OTLP', () => {
  const time = '1767323045006000000'
  const { body: _, ...rest } = logRecord()
  assert.deepEqual(rest, {
    timeUnixNano: time,
    observedTimeUnixNano: time,
    severityNumber: 9,
    severityText: 'INFO',
    eventName: 'idgen.audit.tag.update',
    attributes: [
      { key: 'idgen.audit.actor', value: { stringValue: 'k1' } },
      { key: 'idgen.audit.action', value: { stringValue: 'tag.update' } },
      { key: 'idgen.audit.subject', value: { stringValue: 'w/g/größe' } },
      { key: 'idgen.audit.workspace', value: { stringValue: 'w' } },
      { key: 'idgen.audit.result', value: { stringValue: 'ok' } },
      { key: 'idgen.audit.chain', value: { stringValue: 'a:0123456789abcdef' } },
      { key: 'idgen.audit.seq', value: { intValue: '7' } },
      { key: 'idgen.audit.hash', value: { stringValue: 'f'.repeat(64) } },
    ],
    traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
  })
})

test('the body is the line of audit.file, without its end', () => {
  assert.equal(`${logRecord().body.stringValue}\n`, auditLine(RECORD))
})

test('what was refused or threatens the promise is a warning', () => {
  for (const [changes, severity] of [
    [{ action: 'algorithm.degrade' }, 13],
    [{ action: 'algorithm.recover' }, 9],
    [{ action: 'store.regressed' }, 13],
    [{ action: 'dc.claim-conflict' }, 13],
    [{ action: 'dc.claim' }, 9],
    [{ action: 'worker.acquired' }, 9],
    [{ action: 'worker.lost' }, 13],
    [{ action: 'generate.count' }, 9],
    [{ action: 'generate.count', result: 'IDGEN_RANGE_EXHAUSTED' }, 13],
  ] as const)
    assert.equal(logRecord(changes).severityNumber, severity, JSON.stringify(changes))
})

describe('a trace id that is none is left out, or the whole batch would be refused', () => {
  for (const traceId of [undefined, '', '0'.repeat(32), 'trace7', '4BF92F3577B34DA6A3CE929D0E0E4736'])
    test(String(traceId), () => assert.ok(!('traceId' in logRecord({ traceId }))))
})

test('a request holds who sends, and all records', () => {
  const records = [otlpAuditRecord(RECORD), otlpAuditRecord({ ...RECORD, subject: '"' })]
  const body: unknown = JSON.parse(otlpAuditBody(records, { version: '1.2.3', instance: 'a/1', dc: 2 }))
  assert.deepEqual(body, {
    resourceLogs: [
      {
        resource: {
          attributes: [
            { key: 'service.name', value: { stringValue: 'idgen' } },
            { key: 'service.version', value: { stringValue: '1.2.3' } },
            { key: 'service.instance.id', value: { stringValue: 'a/1' } },
            { key: 'idgen.dc', value: { intValue: '2' } },
          ],
        },
        scopeLogs: [
          {
            scope: { name: 'idgen', version: '1.2.3' },
            logRecords: records.map((text): unknown => JSON.parse(text)),
          },
        ],
      },
    ],
  })
})
