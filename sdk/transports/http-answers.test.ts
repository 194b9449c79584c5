import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readIds, readNodes, readProblem } from './http-answers.ts'
import { retryAfterMs } from './retry-after.ts'

const AT = 'http://a'

test('what is no answer of idgen is refused, and never becomes an ID', () => {
  for (const body of [
    '',
    'null',
    '[]',
    '{}',
    '{"runs":{}}',
    '{"runs":[[1,2]]}',
    '{"runs":[["1.5",2]]}',
    '{"runs":[["1","2"]]}',
    '{"runs":["1"]}',
    '<html>',
  ])
    assert.throws(
      () => readIds(AT, body, 'runs'),
      { code: 'IDGEN_CLIENT_ANSWER_INVALID', endpoint: AT },
      body,
    )
  assert.throws(() => readNodes(AT, '{"nodes":1}'), { code: 'IDGEN_CLIENT_ANSWER_INVALID' })
})

test('a node without an address or data centre is left out', () => {
  const body = '{"nodes":[{"http":"http://b/","dc":2},{"http":1,"dc":2},{"http":"http://c"},null,7]}'
  assert.deepEqual(readNodes(AT, body), [{ url: 'http://b', dc: 2 }])
})

test('an error of idgen keeps its code; that of a proxy is what its status says', () => {
  const problem = '{"code":"IDGEN_OVERLOADED","detail":"too many","retryable":true,"traceId":"t"}'
  const own = readProblem(AT, 503, problem, '2')
  assert.deepEqual(
    [own.code, own.retryable, own.retryAfterMs, own.traceId, own.message],
    ['IDGEN_OVERLOADED', true, 2000, 't', 'too many (http://a)'],
  )
  const foreign: [number, string, boolean][] = [
    [502, '<html>', true],
    [503, '{"code":"other"}', true],
    [404, 'not found', false],
    [200, 'null', false],
  ]
  for (const [status, body, retryable] of foreign)
    assert.equal(readProblem(AT, status, body, undefined).retryable, retryable, String(status))
})

test('Retry-After is seconds or a date, and nothing else', () => {
  assert.equal(retryAfterMs('120', 0), 120_000)
  assert.equal(retryAfterMs('Thu, 26 Nov 2026 10:00:05 GMT', Date.UTC(2026, 10, 26, 10)), 5000)
  assert.equal(retryAfterMs('Thu, 26 Nov 2026 10:00:05 GMT', Date.UTC(2026, 10, 26, 11)), 0)
  for (const nothing of [undefined, '', 'soon', '1e9', '-5'])
    assert.ok(!(Number(retryAfterMs(nothing, 0)) > 0), nothing)
})
