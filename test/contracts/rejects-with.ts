import assert from 'node:assert/strict'
import { type ErrorCode, IdgenError } from '../../service/core/errors.ts'

/** The promise rejects with an IdgenError of this code; gives the error for further looks at it. */
export async function rejectsWith(code: ErrorCode, promise: Promise<unknown>): Promise<IdgenError> {
  const outcome = await promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  )
  if (!('error' in outcome)) assert.fail(`expected ${code}, resolved with ${JSON.stringify(outcome.value)}`)
  const { error } = outcome
  assert.ok(error instanceof IdgenError, `expected ${code}, got ${String(error)}`)
  assert.equal(error.code, code, error.message)
  return error
}
