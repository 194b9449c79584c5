import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { ERRORS, type ErrorCode, IdgenError } from './errors.ts'

const CODES = Object.keys(ERRORS) as ErrorCode[]

describe('docs/errors.md', () => {
  /** Cells of the table's lines: code, HTTP, gRPC, RESP, again, meaning, what to do. */
  const lines = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.split(' | ').map((cell) => cell.replaceAll(/^\| |\|$|`/g, '').trim()))

  test('lists every code of the registry once, and no other', () => {
    assert.deepEqual(
      lines.map(([code]) => code),
      CODES,
    )
  })

  test('says the same as the registry', () => {
    for (const [code, http, grpc, resp, again, meaning] of lines) {
      const row = ERRORS[code as ErrorCode]
      const expected = [String(row.http), row.grpc, row.resp, row.retryable ? 'yes' : 'no', row.title]
      assert.deepEqual([http, grpc, resp, again, meaning], expected, code)
    }
  })

  test('says what to do about each', () => {
    for (const [code, , , , , , advice] of lines) assert.match(advice ?? '', /^[A-Z].{20,}\.$/, code)
  })
})

test('docs/troubleshooting.md names codes of the registry', () => {
  const page = readFileSync(new URL('../../docs/troubleshooting.md', import.meta.url), 'utf8')
  const named = page.match(/IDGEN(?:_[A-Z]+)+/g) ?? []
  assert.ok(named.length > 10)
  for (const code of named) assert.ok(code in ERRORS, code)
})

describe('the registry', () => {
  test('names codes IDGEN_<AREA>_<WHAT> and gives each its own title', () => {
    for (const code of CODES) assert.match(code, /^IDGEN(?:_[A-Z]+)+$/)
    assert.equal(new Set(CODES.map((code) => ERRORS[code].title)).size, CODES.length)
  })

  test('uses HTTP error statuses, and never promises a retry for what the caller got wrong', () => {
    for (const code of CODES) {
      const { http, retryable } = ERRORS[code]
      assert.ok(http >= 400 && http <= 599, code)
      // 429 too: what was asked is right, only not now.
      if (retryable) assert.ok(http >= 500 || http === 429, code)
    }
  })

  test('tells Redis clients to try again exactly where it may help', () => {
    for (const code of CODES) assert.equal(ERRORS[code].resp === 'TRYAGAIN', ERRORS[code].retryable, code)
    assert.equal(ERRORS.IDGEN_UNAUTHENTICATED.resp, 'NOAUTH')
    assert.equal(ERRORS.IDGEN_FORBIDDEN.resp, 'NOPERM')
  })

  test('tells HTTP and gRPC callers alike whose fault it was', () => {
    const callers = [
      'INVALID_ARGUMENT',
      'NOT_FOUND',
      'ALREADY_EXISTS',
      'PERMISSION_DENIED',
      'UNAUTHENTICATED',
    ]
    for (const code of CODES) {
      const { http, grpc } = ERRORS[code]
      if (callers.includes(grpc)) assert.ok(http < 500, code)
      if (grpc === 'UNAVAILABLE' || grpc === 'INTERNAL') assert.ok(http >= 500, code)
    }
  })
})

describe('IdgenError', () => {
  test('keeps the cause apart from the message, which is what clients see', () => {
    const error = new IdgenError('IDGEN_STORE_UNAVAILABLE', 'away', {
      cause: new Error('password=x'),
      retryAfterMs: 5,
    })
    assert.equal(error.message, 'away')
    assert.equal((error.cause as Error).message, 'password=x')
    assert.deepEqual([error.retryAfterMs, error.row.http, error.faults], [5, 503, []])
  })

  test('has no cause and no retry time where none was given', () => {
    const error = new IdgenError('IDGEN_FORBIDDEN', 'no')
    assert.ok(!('cause' in error))
    assert.equal(error.retryAfterMs, undefined)
  })

  test('stands for anything thrown: itself unchanged, the foreign without its text', () => {
    const own = new IdgenError('IDGEN_FORBIDDEN', 'no')
    assert.equal(IdgenError.from(own), own)
    for (const foreign of [new TypeError('secret'), 'secret', undefined, null]) {
      const error = IdgenError.from(foreign)
      assert.equal(error.code, 'IDGEN_INTERNAL')
      assert.ok(!error.message.includes('secret'))
      assert.equal(error.cause, foreign)
    }
  })
})
