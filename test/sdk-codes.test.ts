import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CLIENT_CODES } from '../sdk/core/client-error.ts'
import { isRetryableCode } from '../sdk/transports/retryable-codes.ts'
import { ERRORS, isErrorCode } from '../service/core/errors.ts'

test('the client library knows which errors of the service may be tried again', () => {
  for (const [code, { retryable }] of Object.entries(ERRORS))
    assert.equal(isRetryableCode(code), retryable, code)
})

test('a code of the client means nothing else in the service', () => {
  for (const [code, retryable] of Object.entries(CLIENT_CODES))
    if (isErrorCode(code)) assert.equal(ERRORS[code].retryable, retryable, code)
})
