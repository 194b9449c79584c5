import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { emptyAfter, fitting, waitMs } from './rate-limit.ts'

const LIMIT = { perSecond: 1000, burst: 1000 }

describe('a bucket', () => {
  test('leaks with time, and is never below empty', () => {
    assert.equal(fitting(LIMIT, 500, 1e9, 100), 600)
    assert.equal(fitting(LIMIT, 500, 1e9, 10_000), 1000)
    assert.equal(emptyAfter(LIMIT, 500, 10, 100), 510)
    assert.equal(emptyAfter(LIMIT, 500, 10, 10_000), 10_010)
  })

  test('lets in what fits, in whole requests', () => {
    assert.equal(fitting(LIMIT, 0, 1500, 0), 1000)
    assert.equal(fitting(LIMIT, 998.5, 5, 0), 1)
    assert.equal(fitting(LIMIT, 1000, 1, 0), 0)
    assert.equal(fitting(LIMIT, 1200, 1, 0), 0, 'above after the limit was lowered')
  })

  test('is open again after the time that was told', () => {
    const wait = waitMs(LIMIT, 1000, 1, 0)
    assert.equal(wait, 1)
    assert.equal(fitting(LIMIT, 1000, 1, wait), 1)
    assert.equal(waitMs(LIMIT, 10, 1, 0), 0)
  })

  test('tells who asks for more than ever fits when it is empty', () => {
    assert.equal(waitMs(LIMIT, 1000, 5000, 0), 1000)
  })

  for (const startMs of [0, 30 * 86_400_000])
    test(`does not refuse by a sum of fractions who waited as told, from ms ${startMs} on`, () => {
      const odd = { perSecond: 72_013, burst: 7201.3 }
      let nowMs = startMs
      let emptyMs = emptyAfter(odd, 0, 7201, nowMs)
      for (let i = 0; i < 1000; i += 1) {
        nowMs += waitMs(odd, emptyMs, 1, nowMs)
        assert.equal(fitting(odd, emptyMs, 1, nowMs), 1, `round ${i}`)
        emptyMs = emptyAfter(odd, emptyMs, 1, nowMs)
      }
    })
})
