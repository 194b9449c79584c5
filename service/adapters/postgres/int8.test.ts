import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseInt8 } from './int8.ts'

test('every safe integer is read as itself', () => {
  fc.assert(fc.property(fc.maxSafeInteger(), (n) => assert.equal(parseInt8(String(n)), n)))
})

test('2^53 is read, being the end of every number space', () => {
  assert.equal(parseInt8('9007199254740992'), 2 ** 53)
})

test('a number that a double cannot hold is refused instead of rounded', () => {
  const beyond = fc.bigInt({ min: 2n ** 53n + 1n, max: 2n ** 63n - 1n })
  fc.assert(
    fc.property(beyond, (n) => {
      assert.throws(() => parseInt8(String(n)), RangeError)
      assert.throws(() => parseInt8(String(-n)), RangeError)
    }),
  )
  assert.throws(() => parseInt8('9007199254740993'), /9007199254740993/)
})
