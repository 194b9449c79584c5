import assert from 'node:assert/strict'
import { test } from 'node:test'
import { IdgenError } from '../../core/errors.ts'
import { fromPostgres } from './postgres-error.ts'

function coded(code: string, message = 'text of the driver'): Error {
  return Object.assign(new Error(message), { code })
}

test('what a later try may not meet means that the store is unavailable', () => {
  const codes = ['08006', '28P01', '3D000', '25006', '40001', '40P01', '53300', '55P03', '57P01', '57P03']
  for (const code of [...codes, 'ECONNREFUSED', 'ECONNRESET', 'ETIMEDOUT', 'ENOTFOUND']) {
    const error = fromPostgres(coded(code), 'testing')
    assert.equal(error.code, 'IDGEN_STORE_UNAVAILABLE', code)
    assert.ok(error.row.retryable && error.message.includes(code))
  }
})

test('failures of pg itself, which carry no code, mean that the store is unavailable', () => {
  for (const message of [
    'timeout exceeded when trying to connect',
    'Connection terminated unexpectedly',
    'Connection terminated due to connection timeout',
    'Client has encountered a connection error and is not queryable',
    'Cannot use a pool after calling end on the pool',
  ])
    assert.equal(fromPostgres(new Error(message), 'testing').code, 'IDGEN_STORE_UNAVAILABLE', message)
})

test('a certificate that is not trusted is said to be, with what to do', () => {
  for (const code of ['DEPTH_ZERO_SELF_SIGNED_CERT', 'CERT_HAS_EXPIRED', 'ERR_TLS_CERT_ALTNAME_INVALID']) {
    const error = fromPostgres(coded(code), 'testing')
    assert.equal(error.code, 'IDGEN_STORE_UNAVAILABLE')
    assert.match(
      error.message,
      new RegExp(`\\(${code}\\): its certificate is not trusted; .* database\\.tls\\.ca `),
    )
  }
})

test('a missing table or column asks for the migration', () => {
  for (const code of ['42P01', '42703'])
    assert.match(fromPostgres(coded(code), 'testing').message, /run idgen migrate/)
})

test('text that cannot be stored is a fault of the request', () => {
  assert.equal(fromPostgres(coded('22021'), 'testing').code, 'IDGEN_REQUEST_INVALID')
})

test('anything else is a fault of idgen, with the cause kept and its text hidden', () => {
  const cause = coded('23514', 'row violates check constraint of secret_table')
  const error = fromPostgres(cause, 'testing')
  assert.equal(error.code, 'IDGEN_INTERNAL')
  assert.equal(error.cause, cause)
  assert.ok(!error.message.includes('secret_table'))
  assert.equal(fromPostgres('not even an error', 'testing').code, 'IDGEN_INTERNAL')
})

test('our own errors pass unchanged', () => {
  const own = new IdgenError('IDGEN_TAG_NOT_FOUND', 'gone')
  assert.equal(fromPostgres(own, 'testing'), own)
})
