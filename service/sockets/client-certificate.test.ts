import assert from 'node:assert/strict'
import { Socket } from 'node:net'
import { test } from 'node:test'
import { alternativeNames, CERTIFICATE_MARK, certificateTextOf } from './client-certificate.ts'

test('the names of a certificate are told apart as they were signed', () => {
  assert.deepEqual(alternativeNames('DNS:a.example, IP Address:10.0.0.1, URI:spiffe://a/b, email:x@y'), [
    'DNS:a.example',
    'URI:spiffe://a/b',
    'email:x@y',
  ])
  assert.deepEqual(alternativeNames('URI:"http://a, DNS:admin.example"'), ['URI:http://a, DNS:admin.example'])
  assert.deepEqual(alternativeNames('DNS:"a\\", DNS:b"'), ['DNS:a", DNS:b'])
  assert.deepEqual(alternativeNames(''), [])
})

test('a connection that is not encrypted shows no certificate', () => {
  assert.equal(certificateTextOf(new Socket()), undefined)
})

test('the mark of certificates cannot be guessed', () => {
  assert.match(CERTIFICATE_MARK, /^client-certificate-[0-9a-f]{32} $/)
})
