import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { NumberShuffle, shuffleKeyFault } from './number-shuffle.ts'

const KEY = '00112233445566778899aabbccddeeff'
const key = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => Buffer.from(bytes).toString('hex'))

describe('the shuffle of numbers', () => {
  test('small domains are permuted: every number comes out exactly once', () => {
    fc.assert(
      fc.property(key, fc.integer({ min: 1, max: 3000 }), fc.nat(0xffff), (secret, size, tweak) => {
        const shuffle = new NumberShuffle(secret)
        const out = Array.from({ length: size }, (_, value) => shuffle.forward(size, value, tweak))
        assert.deepEqual(
          out.sort((a, b) => a - b),
          Array.from({ length: size }, (_, value) => value),
        )
      }),
      { numRuns: 30 },
    )
  })

  test('backward undoes forward, up to 2^53', () => {
    fc.assert(
      fc.property(
        key,
        fc.maxSafeInteger().map((n) => Math.abs(n) + 1),
        fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
        fc.nat(),
        (secret, size, place, tweak) => {
          const shuffle = new NumberShuffle(secret)
          const value = Math.min(size - 1, Math.floor(size * place))
          const out = shuffle.forward(size, value, tweak)
          assert.ok(Number.isSafeInteger(out) && out >= 0 && out < size)
          assert.equal(shuffle.backward(size, out, tweak), value)
        },
      ),
    )
  })

  test('neighbours lie apart, and another key or tweak is another order', () => {
    const size = 1_000_000
    const firsts = (secret: string, tweak: number) => {
      const shuffle = new NumberShuffle(secret)
      return Array.from({ length: 1000 }, (_, value) => shuffle.forward(size, value, tweak))
    }
    const order = firsts(KEY, 0)
    assert.ok(order.filter((out, at) => at > 0 && out === (order[at - 1] ?? 0) + 1).length < 5)
    // The mean of a thousand draws of a million lies within a few standard deviations (9,100) of the middle.
    assert.ok(Math.abs(order.reduce((sum, out) => sum + out, 0) / 1000 - 500_000) < 50_000)
    assert.notDeepEqual(order, firsts(KEY, 1))
    assert.notDeepEqual(order, firsts(KEY.replace('0', '1'), 0))
  })

  test('the order of a key is the same for ever', () => {
    const shuffle = new NumberShuffle(KEY)
    assert.deepEqual(
      [0, 1, 2, 3].map((value) => shuffle.forward(1_000_000, value, 7)),
      [297_115, 264_171, 24_375, 196_960],
    )
  })

  test('a key that is none is told how to make one', () => {
    assert.equal(shuffleKeyFault(KEY), undefined)
    assert.match(shuffleKeyFault('secret') ?? '', /openssl rand/)
  })
})
