import assert from 'node:assert/strict'
import { test } from 'node:test'
import { apiKeyOf } from './api-key-header.ts'

test('the key is read from Authorization, whatever the case of the scheme', () => {
  for (const scheme of ['Bearer', 'bearer', 'BEARER'])
    assert.equal(apiKeyOf({ authorization: `${scheme} idg_x` }), 'idg_x')
  assert.equal(apiKeyOf({ authorization: 'Bearer   idg_x ' }), 'idg_x')
})

test('the key is read from X-API-Key where Authorization has another scheme or none', () => {
  assert.equal(apiKeyOf({ 'x-api-key': 'idg_y' }), 'idg_y')
  assert.equal(apiKeyOf({ authorization: 'Basic abc', 'x-api-key': 'idg_y' }), 'idg_y')
  assert.equal(apiKeyOf({ authorization: 'Bearer idg_x', 'x-api-key': 'idg_y' }), 'idg_x')
})

test('without either header there is no key', () => {
  assert.equal(apiKeyOf({}), undefined)
  assert.equal(apiKeyOf({ authorization: 'idg_x' }), undefined)
  assert.equal(apiKeyOf({ authorization: 'Bearerx' }), undefined)
})

test('an empty key is a key, so that nothing else is taken in its place', () => {
  for (const authorization of ['Bearer', 'bearer', 'Bearer ', 'BEARER  '])
    assert.equal(apiKeyOf({ authorization, 'x-api-key': 'idg_y' }), '')
  assert.equal(apiKeyOf({ 'x-api-key': '' }), '')
})
