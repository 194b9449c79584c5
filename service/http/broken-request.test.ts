import assert from 'node:assert/strict'
import { test } from 'node:test'
import { brokenRequestAnswer } from './broken-request.ts'

test('what is no HTTP is answered with a problem and the end of the connection', () => {
  const answer = brokenRequestAnswer('HPE_INVALID_METHOD')
  const [head = '', body = ''] = answer.split('\r\n\r\n')
  assert.match(head, /^HTTP\/1\.1 400 Bad Request\r\n/)
  assert.match(head, /\r\nconnection: close(\r\n|$)/)
  assert.match(head, new RegExp(`\r\ncontent-length: ${Buffer.byteLength(body)}\r\n`))
  const problem = JSON.parse(body) as { code: string; traceId: string }
  assert.equal(problem.code, 'IDGEN_REQUEST_INVALID')
  assert.ok(head.includes(`\r\nx-request-id: ${problem.traceId}\r\n`))
})

test('headers that are too large and requests that are too slow are told apart', () => {
  assert.match(brokenRequestAnswer('HPE_HEADER_OVERFLOW'), /^HTTP\/1\.1 413 /)
  assert.match(brokenRequestAnswer('ERR_HTTP_REQUEST_TIMEOUT'), /did not arrive whole in time/)
})
