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

test('a refused certificate of ours is named by its keys, not by a number of OpenSSL', () => {
  const alert = (words: string, number: number): Error =>
    new Error(
      `14 UNAVAILABLE: No connection established. Last error: 403D:error:0A00045C:SSL routines:ssl3_read_bytes:${words}:../deps/openssl/rec_layer_s3.c:918:SSL alert number ${number}\n (2026-11-27T12:05:48.683Z). Resolution note: `,
    )
  assert.equal(
    fromEtcdError(alert('tlsv13 alert certificate required', 116), 'reading /dcs/0').message,
    'etcd failed while reading /dcs/0: it takes only clients that show a certificate: set etcd.tls.cert and etcd.tls.key; no member could be reached.',
  )
  assert.match(
    reason(alert('tlsv1 alert unknown ca', 48)),
    /^it does not take the certificate of etcd\.tls\.cert/,
  )
  assert.match(reason(alert('handshake failure', 40)), /^14 UNAVAILABLE.*SSL alert number 40/)
})
