import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AuditVerdict } from '../app/audit-check.ts'
import { auditExitCode, auditVerdictText } from './audit-verdict.ts'

const WHOLE: AuditVerdict = { chains: 2, records: 9, faults: [], unclosed: [] }
const KILLED: AuditVerdict = { ...WHOLE, unclosed: [{ chain: 'pod', seq: 4, at: new Date(0) }] }
const FAULT = { kind: 'missing', chain: 'pod', seq: 5, at: undefined, text: 'gone' } as const
const NONE = new Map()
const headAt = (seq: number) => new Map([['pod', { seq, hash: '' }]])

test('a log whose chains all have their ends is whole', () => {
  assert.equal(auditExitCode(WHOLE, NONE), 0)
  assert.equal(auditVerdictText(WHOLE, NONE), 'The audit log is whole: 9 records in 2 chains checked.\n')
})

test('a chain without its end is not called whole, and ends with a code of its own', () => {
  for (const [known, vouched] of [
    [NONE, /no log says where it ended/],
    [headAt(3), /vouches for it up to record 3\n/],
  ] as const) {
    assert.equal(auditExitCode(KILLED, known), 3)
    const text = auditVerdictText(KILLED, known)
    assert.match(text, vouched)
    assert.match(text, /^note: chain pod ends without audit\.close at record 4 /)
    assert.match(
      text,
      /\nNo record of the audit log is broken, but 1 of its chains may have lost their ends: 9/,
    )
    assert.doesNotMatch(text, /is whole/)
  }
})

test('an end that a log names is as good as closed', () => {
  assert.equal(auditExitCode(KILLED, headAt(4)), 0)
  assert.match(auditVerdictText(KILLED, headAt(4)), /record 4, its last\nThe audit log is whole/)
})

test('what is broken is broken, whatever the ends are', () => {
  const broken = { ...KILLED, faults: [FAULT] }
  assert.equal(auditExitCode(broken, NONE), 2)
  assert.match(
    auditVerdictText(broken, NONE),
    /^MISSING: chain pod, record 5: gone\n.*\nThe audit log is BROKEN/,
  )
})
