import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type AuditRecord, auditText, storableRecord } from './audit-text.ts'

const RECORD: AuditRecord = {
  at: new Date(Date.UTC(2026, 10, 24, 12)),
  actor: 'k1',
  action: 'tag.update',
  subject: 'w/g/t',
  workspace: 'w',
  result: 'ok',
  traceId: undefined,
  detail: { after: { b: [{ y: 1, x: 2 }], a: 1 } },
}
const PLACE = { chain: 'c', seq: 7, previousHash: 'ff' }

test('the order of keys makes no other text, any other difference does', () => {
  const text = auditText(RECORD, PLACE)
  assert.equal(auditText({ ...RECORD, detail: { after: { a: 1, b: [{ x: 2, y: 1 }] } } }, PLACE), text)
  const others = [
    auditText({ ...RECORD, at: new Date(RECORD.at.getTime() + 1) }, PLACE),
    auditText({ ...RECORD, actor: 'k2' }, PLACE),
    auditText({ ...RECORD, action: 'tag.create' }, PLACE),
    auditText({ ...RECORD, subject: 'w/g/u' }, PLACE),
    auditText({ ...RECORD, workspace: undefined }, PLACE),
    auditText({ ...RECORD, result: 'IDGEN_INTERNAL' }, PLACE),
    auditText({ ...RECORD, traceId: 't' }, PLACE),
    auditText({ ...RECORD, detail: {} }, PLACE),
    auditText(RECORD, { ...PLACE, chain: 'd' }),
    auditText(RECORD, { ...PLACE, seq: 8 }),
    auditText(RECORD, { ...PLACE, previousHash: 'fe' }),
  ]
  assert.equal(new Set([text, ...others]).size, 12)
})

test('a storable record holds nothing that the database refuses or gives back otherwise', () => {
  const detail = { 'a\0': ['\ud800'], at: RECORD.at, none: undefined, big: 5n }
  const stored = storableRecord({ ...RECORD, subject: 'a\0b\ud800', detail })
  assert.equal(stored.subject, 'a\ufffdb\ufffd')
  assert.deepEqual(stored.detail, { 'a\ufffd': ['\ufffd'], at: RECORD.at.toISOString(), big: '5' })
  assert.deepEqual(storableRecord(stored), stored)
})
