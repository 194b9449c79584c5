import assert from 'node:assert/strict'
import { test } from 'node:test'
import { IdgenError } from '../core/errors.ts'
import { frameworkError } from './framework-error.ts'

function thrown(code: string | undefined, statusCode: number | undefined): Error {
  return Object.assign(new Error('as fastify says it'), { code, statusCode })
}

test('what fastify refuses is the fault of the caller, and never told as one of ours', () => {
  assert.equal(
    frameworkError(thrown('FST_ERR_CTP_INVALID_CONTENT_LENGTH', 400)).message,
    'The body is shorter or longer than its Content-Length says.',
  )
  assert.equal(frameworkError(thrown('FST_ERR_OF_A_LATER_RELEASE', 418)).code, 'IDGEN_REQUEST_INVALID')
})

test('pages have words of their own for some, and the same code', () => {
  const error = frameworkError(thrown('FST_ERR_CTP_BODY_TOO_LARGE', 413), {
    IDGEN_BODY_TOO_LARGE: 'The form is too large.',
  })
  assert.deepEqual([error.code, error.message], ['IDGEN_BODY_TOO_LARGE', 'The form is too large.'])
})

test('anything else is a fault of ours, and errors of ours stay as they are', () => {
  for (const fault of [thrown(undefined, undefined), thrown('FST_ERR_REP_ALREADY_SENT', 500), 'text'])
    assert.equal(frameworkError(fault).code, 'IDGEN_INTERNAL')
  const own = new IdgenError('IDGEN_FORBIDDEN', 'no')
  assert.equal(frameworkError(own), own)
})
