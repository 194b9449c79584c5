import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { sharesFor } from './shares.ts'

/** [replicas, weight, canary, stable] */
const TABLE = [
  [0, 5, 0, 0],
  [0, 100, 0, 0],
  [1, 0, 0, 1],
  [1, 1, 1, 1],
  [1, 5, 1, 1],
  [1, 50, 1, 1],
  [1, 99, 1, 1],
  [1, 100, 1, 0],
  [2, 5, 1, 2],
  [2, 33, 1, 2],
  [2, 50, 1, 1],
  [2, 75, 2, 1],
  [2, 100, 2, 0],
  [3, 0, 0, 3],
  [3, 5, 1, 3],
  [3, 25, 1, 3],
  [3, 33, 1, 2],
  [3, 50, 2, 2],
  [3, 75, 3, 1],
  [3, 99, 3, 1],
  [3, 100, 3, 0],
  [4, 5, 1, 4],
  [4, 25, 1, 3],
  [4, 33, 2, 3],
  [4, 50, 2, 2],
  [4, 95, 4, 1],
  [5, 5, 1, 5],
  [5, 20, 1, 4],
  [5, 50, 3, 3],
  [5, 75, 4, 1],
  [5, 90, 5, 1],
  [6, 5, 1, 6],
  [6, 15, 1, 6],
  [6, 25, 2, 5],
  [6, 50, 3, 3],
  [6, 75, 5, 2],
  [6, 100, 6, 0],
  [7, 50, 4, 4],
  [8, 12, 1, 7],
  [8, 50, 4, 4],
  [10, 1, 1, 10],
  [10, 5, 1, 10],
  [10, 10, 1, 9],
  [10, 25, 3, 8],
  [10, 50, 5, 5],
  [10, 75, 8, 3],
  [10, 99, 10, 1],
  [12, 5, 1, 12],
  [12, 25, 3, 9],
  [12, 50, 6, 6],
  [16, 5, 1, 16],
  [16, 10, 2, 15],
  [16, 50, 8, 8],
  [20, 1, 1, 20],
  [20, 5, 1, 19],
  [20, 10, 2, 18],
  [20, 33, 7, 14],
  [20, 50, 10, 10],
  [20, 95, 19, 1],
  [20, 99, 20, 1],
  [50, 5, 3, 48],
  [50, 25, 13, 38],
  [100, 1, 1, 99],
  [100, 5, 5, 95],
  [100, 99, 99, 1],
  [1000, 5, 50, 950],
] as const

const replicas = fc.integer({ min: 1, max: 300 })
const weight = fc.integer({ min: 1, max: 99 })

describe('the shares of both sides', () => {
  test('are those of the table', () => {
    for (const [of, percent, canary, stable] of TABLE)
      assert.deepEqual(sharesFor(of, percent), { canary, stable }, `${percent} % of ${of}`)
  })

  test('are the closest of all splits into as many pods or one more', () => {
    fc.assert(
      fc.property(replicas, weight, (of, percent) => {
        const { canary, stable } = sharesFor(of, percent)
        const miss = Math.abs(canary / (canary + stable) - percent / 100)
        for (const pods of [of, of + 1])
          for (let other = 1; other < pods; other += 1)
            assert.ok(miss <= Math.abs(other / pods - percent / 100) + 1e-12)
      }),
    )
  })

  test('leave each side a pod below 100 %, and never make less pods than wanted', () => {
    fc.assert(
      fc.property(replicas, weight, (of, percent) => {
        const { canary, stable } = sharesFor(of, percent)
        assert.ok(canary >= 1 && stable >= 1)
        assert.ok(canary + stable >= of && canary + stable <= of + 1)
      }),
    )
  })

  test('never shrink the canary when the weight grows', () => {
    fc.assert(
      fc.property(replicas, weight, (of, percent) => {
        assert.ok(sharesFor(of, percent + 1).canary >= sharesFor(of, percent).canary)
      }),
    )
  })
})
