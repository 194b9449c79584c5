import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { fitting, levelAt, waitMs } from './rate-limit.ts'

const LIMIT = { perSecond: 1000, burst: 1000 }

describe('a bucket', () => {
  test('leaks with time, and is never below empty', () => {
    assert.equal(levelAt(LIMIT, 500, 100), 400)
    assert.equal(levelAt(LIMIT, 500, 10_000), 0)
  })

  test('leaks nothing while the clock stands or is behind', () => {
    assert.equal(levelAt(LIMIT, 500, 0), 500)
    assert.equal(levelAt(LIMIT, 500, -5000), 500)
  })

  test('lets in what fits, in whole requests', () => {
    assert.equal(fitting(LIMIT, 0, 1500), 1000)
    assert.equal(fitting(LIMIT, 998.5, 5), 1)
    assert.equal(fitting(LIMIT, 1000, 1), 0)
    assert.equal(fitting(LIMIT, 1200, 1), 0, 'above after the limit was lowered')
  })

  test('is open again after the time that was told', () => {
    const wait = waitMs(LIMIT, 1000, 1)
    assert.equal(wait, 1)
    assert.equal(fitting(LIMIT, levelAt(LIMIT, 1000, wait), 1), 1)
    assert.equal(waitMs(LIMIT, 10, 1), 0)
  })

  test('tells who asks for more than ever fits when it is empty', () => {
    assert.equal(waitMs(LIMIT, 1000, 5000), 1000)
  })

  test('does not refuse by a sum of fractions who waited as told', () => {
    const odd = { perSecond: 72, burst: 7.2 }
    let level = 7.2
    for (let i = 0; i < 1000; i += 1) {
      level = levelAt(odd, level, waitMs(odd, level, 1))
      assert.equal(fitting(odd, level, 1), 1, `round ${i}`)
      level += 1
    }
  })
})
