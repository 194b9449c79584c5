import assert from 'node:assert/strict'
import { test } from 'node:test'
import { attemptOver, subjectOf } from './attempt.ts'

const KEY_TEXT = `idg_abcdefghijkl_${'S'.repeat(43)}`

test('an attempt over HTTP has the form of its route, what it was to be done to, and its trace', () => {
  const url = '/v1/workspaces/:workspace/groups/:group'
  const params = { workspace: 'acme', group: 'shop' }
  assert.deepEqual(
    attemptOver({ method: 'DELETE', routeOptions: { url }, params, trace: { traceId: 'f'.repeat(32) } }),
    { operation: `DELETE ${url}`, subject: 'acme/shop', traceId: 'f'.repeat(32) },
  )
  const bare = { method: 'GET', routeOptions: {}, params: undefined, trace: undefined }
  assert.deepEqual(attemptOver(bare), { operation: 'GET', subject: undefined, traceId: undefined })
})

test('only what has the form of names, or of the id of a key, becomes a subject', () => {
  for (const name of ['acme', 'acme/shop/order', 'abcdefghijkl', `${'a'.repeat(63)}/b`])
    assert.equal(subjectOf(name), name)
  for (const text of ['', KEY_TEXT, 'a'.repeat(64), 'a/b/c/d', 'a b', 'acme/', 'ä', 'x\n', '../etc'])
    assert.equal(subjectOf(text), undefined, text)
})
