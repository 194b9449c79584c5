import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OpenGrants } from './open-grants.ts'

test('the end of a grant may be returned once', () => {
  const open = new OpenGrants()
  open.took(1, 0, { lo: 10, hi: 20 })
  assert.equal(open.claimReturn(1, 0, { lo: 15, hi: 20 }), true)
  assert.equal(open.claimReturn(1, 0, { lo: 15, hi: 20 }), false)
})

test('what was not granted, or to another tag or data centre, may not be returned', () => {
  const open = new OpenGrants()
  open.took(1, 0, { lo: 10, hi: 20 })
  assert.equal(open.claimReturn(2, 0, { lo: 15, hi: 20 }), false)
  assert.equal(open.claimReturn(1, 1, { lo: 15, hi: 20 }), false)
  assert.equal(open.claimReturn(1, 0, { lo: 9, hi: 20 }), false)
  assert.equal(open.claimReturn(1, 0, { lo: 15, hi: 19 }), false)
  assert.equal(open.claimReturn(1, 0, { lo: 20, hi: 20 }), false)
  assert.equal(open.claimReturn(1, 0, { lo: 10, hi: 20 }), true)
})

test('the oldest grants are forgotten, so that the memory stays bounded', () => {
  const open = new OpenGrants()
  for (let i = 0; i < 10_001; i += 1) open.took(1, 0, { lo: i, hi: i + 1 })
  assert.equal(open.claimReturn(1, 0, { lo: 0, hi: 1 }), false)
  assert.equal(open.claimReturn(1, 0, { lo: 1, hi: 2 }), true)
  assert.equal(open.claimReturn(1, 0, { lo: 10_000, hi: 10_001 }), true)
})
