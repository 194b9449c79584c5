import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { leastOfLargest } from './least-of-largest.ts'

test('it is what a sort would find, of numbers of every size and with many that are alike', () => {
  const numbers = fc.oneof(fc.nat(5), fc.nat(100_000), fc.integer({ min: 2 ** 31 - 5, max: 2 ** 32 - 1 }))
  fc.assert(
    fc.property(fc.array(numbers, { minLength: 1, maxLength: 300 }), fc.nat(300), (all, at) => {
      const count = 1 + (at % all.length)
      const sorted = all.toSorted((a, b) => b - a)
      assert.equal(leastOfLargest(Uint32Array.from(all), count), count === all.length ? 0 : sorted[count - 1])
    }),
    { numRuns: 1000 },
  )
})

test('where there are not more than wanted every number is large enough', () => {
  assert.equal(leastOfLargest(new Uint32Array(0), 3), 0)
  assert.equal(leastOfLargest(Uint32Array.of(5, 6, 7), 3), 0)
})
