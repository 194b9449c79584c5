import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromEtcdError, reason } from './etcd-error.ts'

test('what gRPC says of a member that is away reads like a sentence', () => {
  const refused = new Error(
    '14 UNAVAILABLE: No connection established. Last error: Error: connect ECONNREFUSED 127.0.0.1:2379. Resolution note: ',
  )
  assert.equal(
    fromEtcdError(refused, 'reading /dcs/0').message,
    'etcd failed while reading /dcs/0: 14 UNAVAILABLE: No connection established (connect ECONNREFUSED 127.0.0.1:2379); no member could be reached.',
  )
  const unknown = new Error('14 UNAVAILABLE: No connection established. Last error: null. Resolution note: ')
  assert.equal(reason(unknown), '14 UNAVAILABLE: No connection established')
})

test('other texts stay as they are, in one line', () => {
  assert.equal(reason(new Error('9 FAILED_PRECONDITION: no\nmore')), '9 FAILED_PRECONDITION: no')
  assert.equal(reason('plain'), 'plain')
})
