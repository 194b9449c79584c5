import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ERRORS, type ErrorCode, IdgenError } from '../core/errors.ts'
import { HpackDecoder } from '../http2/hpack-decoder.ts'
import { failedAnswer } from './answer-heads.ts'
import { ERROR_DOMAIN, errorStatus } from './error-status.ts'
import { BadRequest, ErrorInfo, RetryInfo } from './generated/google/rpc/error_details.ts'
import { Status } from './generated/google/rpc/status.ts'
import { STATUS } from './status-code.ts'

const CODES = Object.keys(ERRORS) as ErrorCode[]

test('every code of the registry has its gRPC status and its ErrorInfo', () => {
  for (const code of CODES) {
    const told = errorStatus(new IdgenError(code, `about ${code}`), undefined)
    assert.equal(told.code, STATUS[ERRORS[code].grpc], code)
    assert.equal(told.message, `about ${code}`)
    const { code: inDetails, message, details } = decoded(told)
    assert.equal(inDetails, told.code)
    assert.equal(message, told.message)
    assert.deepEqual(
      details.map(({ typeUrl }) => typeUrl),
      ['type.googleapis.com/google.rpc.ErrorInfo'],
    )
    assert.deepEqual(ErrorInfo.decode(details[0]?.value ?? Buffer.alloc(0)), {
      reason: code,
      domain: ERROR_DOMAIN,
      metadata: { retryable: String(ERRORS[code].retryable) },
    })
  }
})

test('a time to wait becomes RetryInfo, faults become BadRequest with the field paths of the message', () => {
  const error = new IdgenError('IDGEN_REQUEST_INVALID', 'no', {
    retryAfterMs: 1500,
    faults: [{ path: '/space/cellSize', message: 'must be an integer' }],
  })
  const [, retry, bad] = decoded(errorStatus(error, undefined)).details
  assert.equal(retry?.typeUrl, 'type.googleapis.com/google.rpc.RetryInfo')
  assert.deepEqual(RetryInfo.decode(retry.value), { retryDelay: { seconds: '1', nanos: 500_000_000 } })
  assert.equal(bad?.typeUrl, 'type.googleapis.com/google.rpc.BadRequest')
  assert.deepEqual(BadRequest.decode(bad.value).fieldViolations, [
    { field: 'space.cell_size', description: 'must be an integer' },
  ])
})

test('nothing of the cause leaves', () => {
  const told = errorStatus(IdgenError.from(new Error('password=hunter2 at db.internal')), 'a'.repeat(32))
  assert.equal(told.code, STATUS.INTERNAL)
  const text = told.message + decodedText(told)
  assert.doesNotMatch(text, /hunter2|db\.internal/)
  assert.match(text, /a{32}/, 'but the trace id does, to find it in the log')
})

/** Of every width in UTF-8, and long enough to be cut. */
const anyText = fc
  .tuple(
    fc.constantFrom('x', 'ä', '界', '😀', '\ud800'),
    fc.nat({ max: 1500 }),
    fc.string({ unit: 'binary' }),
  )
  .map(([letter, times, rest]) => letter.repeat(times) + rest)

test('whatever the text and however many faults, the trailers stay below 8 KiB and can be encoded', () => {
  fc.assert(
    fc.property(anyText, fc.nat({ max: 500 }), (text, faults) => {
      const error = new IdgenError('IDGEN_REQUEST_INVALID', text, {
        faults: Array.from({ length: faults }, () => ({ path: `/${text}`, message: text })),
      })
      const told = errorStatus(error, 'f'.repeat(32))
      const block = failedAnswer(told)
      assert.ok(block.length < 7800, `${block.length}`)
      const fields = new Map<string, string>()
      const decoder = new HpackDecoder({ tableMax: 4096, listMax: 8192 })
      assert.ok(decoder.decode(block, 0, block.length, (name, value) => fields.set(name, value)))
      assert.equal(decodeURIComponent(fields.get('grpc-message') ?? ''), told.message)
      assert.deepEqual(
        Buffer.from(fields.get('grpc-status-details-bin') ?? '', 'base64'),
        Buffer.from(told.details ?? []),
      )
    }),
  )
})

test('a text cut inside a surrogate pair is still well formed', () => {
  const told = errorStatus(new IdgenError('IDGEN_INTERNAL', `${'x'.repeat(348)}😀😀`), undefined)
  assert.ok(told.message.isWellFormed())
})

function decoded(told: ReturnType<typeof errorStatus>): Status {
  assert.ok(told.details !== undefined)
  return Status.decode(told.details)
}

function decodedText(told: ReturnType<typeof errorStatus>): string {
  return decoded(told)
    .details.map(({ value }) => value.toString('latin1'))
    .join()
}
