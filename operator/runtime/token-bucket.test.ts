import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ManualClock } from './manual-clock.ts'
import { TokenBucket } from './token-bucket.ts'

describe('token bucket', () => {
  test('after the burst, reservations lie apart by the rate', () => {
    const bucket = new TokenBucket(new ManualClock(), { perSecond: 10, burst: 2 })
    assert.deepEqual(
      Array.from({ length: 4 }, () => Math.round(bucket.reserve())),
      [0, 0, 100, 200],
    )
  })

  test('tokens come back with time, up to the burst', async () => {
    const clock = new ManualClock()
    const bucket = new TokenBucket(clock, { perSecond: 10, burst: 2 })
    assert.ok(bucket.tryTake())
    assert.ok(bucket.tryTake())
    assert.ok(!bucket.tryTake())
    await clock.advance(100)
    assert.ok(bucket.tryTake())
    await clock.advance(3_600_000)
    assert.deepEqual([bucket.tryTake(), bucket.tryTake(), bucket.tryTake()], [true, true, false])
  })
})
