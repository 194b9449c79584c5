import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { judgeFailure } from './biz-tag-failure.ts'

interface Row {
  readonly status: number
  readonly code: string
  readonly retryAfterMs?: number
}

describe('what a failure of the service means', () => {
  const rows: readonly [Row, string, 'stalled' | 'outage' | 'wait', number | undefined][] = [
    [{ status: 0, code: '' }, 'ServiceUnreachable', 'outage', undefined],
    [{ status: 401, code: 'IDGEN_UNAUTHENTICATED' }, 'ServiceUnreachable', 'outage', undefined],
    [{ status: 403, code: 'IDGEN_FORBIDDEN' }, 'AdminKeyTooNarrow', 'stalled', 120_000],
    [{ status: 403, code: '' }, 'ServiceUnreachable', 'outage', undefined],
    [{ status: 400, code: 'IDGEN_REQUEST_INVALID' }, 'SpecInvalid', 'stalled', undefined],
    [{ status: 400, code: 'IDGEN_NAME_INVALID' }, 'SpecInvalid', 'stalled', undefined],
    [{ status: 409, code: 'IDGEN_IMMUTABLE' }, 'SpecInvalid', 'stalled', undefined],
    [{ status: 409, code: 'IDGEN_TAG_CLAIMED' }, 'TagAlreadyClaimed', 'stalled', 60_000],
    [{ status: 412, code: 'IDGEN_DECLARATION_STALE' }, 'Stale', 'stalled', 300_000],
    [{ status: 507, code: 'IDGEN_RANGE_EXHAUSTED' }, 'CapacityExhausted', 'stalled', undefined],
    [{ status: 404, code: 'IDGEN_ROUTE_NOT_FOUND' }, 'GeneratorTooOld', 'stalled', undefined],
    [{ status: 405, code: 'IDGEN_METHOD_NOT_ALLOWED' }, 'GeneratorTooOld', 'stalled', undefined],
    [{ status: 500, code: 'IDGEN_SPACE_MISMATCH' }, 'ServiceFailed', 'stalled', 60_000],
    [{ status: 502, code: '' }, 'ServiceFailed', 'stalled', 60_000],
    [{ status: 503, code: 'IDGEN_STORE_UNAVAILABLE' }, 'ServiceUnavailable', 'wait', 5000],
    [
      { status: 503, code: 'IDGEN_STORE_UNAVAILABLE', retryAfterMs: 9000 },
      'ServiceUnavailable',
      'wait',
      9000,
    ],
    [
      { status: 503, code: 'IDGEN_OVERLOADED', retryAfterMs: 3_600_000 },
      'ServiceUnavailable',
      'wait',
      60_000,
    ],
    [{ status: 504, code: 'IDGEN_DEADLINE_EXCEEDED' }, 'ServiceUnavailable', 'wait', 5000],
    [{ status: 429, code: '' }, 'ServiceUnavailable', 'wait', 5000],
  ]
  for (const [row, reason, kind, againMs] of rows)
    test(`it is ${reason} after ${row.status} ${row.code} with Retry-After ${row.retryAfterMs}`, () => {
      const failure = { retryAfterMs: undefined, detail: 'Some words.', retryable: false, ...row }
      const verdict = judgeFailure(failure, 'ns/ids', 'w/g/t')
      assert.equal(verdict.reason, reason)
      assert.deepEqual([verdict.stalled, verdict.outage], [kind === 'stalled', kind === 'outage'])
      assert.equal(verdict.againMs, againMs)
      assert.match(verdict.message, /Some words/)
    })
})
