import assert from 'node:assert/strict'
import { test } from 'node:test'
import { headingNames } from './headings.ts'

test('headings are named as GitHub names them, and a second one of the same text gets a number', () => {
  const name = headingNames()
  assert.equal(name('The promise, and how it is kept'), 'the-promise-and-how-it-is-kept')
  assert.equal(name('HTTP / gRPC'), 'http--grpc')
  assert.equal(name('Keys'), 'keys')
  assert.equal(name('Keys'), 'keys-1')
})
