import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { RateMeter } from './rate-meter.ts'

describe('rate meter', () => {
  test('a full window gives its mean, also a long one', () => {
    const meter = new RateMeter()
    assert.equal(meter.perSecond(0, 1000), 0)
    assert.equal(meter.perSecond(500, 3000), 250)
    assert.equal(meter.perSecond(500, 63_000), 0)
  })

  test('a burst shows at once, but never as more than it was within a second', () => {
    const meter = new RateMeter()
    meter.perSecond(0, 1000)
    assert.equal(meter.perSecond(1000, 1001), 1000)
    assert.equal(meter.perSecond(3000, 1500), 3000)
  })

  test('the last full window counts until the next one is full', () => {
    const meter = new RateMeter()
    meter.perSecond(0, 0)
    assert.equal(meter.perSecond(2000, 1000), 2000)
    assert.equal(meter.perSecond(2001, 1999), 2000)
    assert.equal(meter.perSecond(2001, 2000), 1)
  })

  test('a clock that steps back begins a new window and keeps the last rate', () => {
    const meter = new RateMeter()
    meter.perSecond(0, 10_000)
    assert.equal(meter.perSecond(700, 11_000), 700)
    assert.equal(meter.perSecond(900, 5000), 700)
    assert.equal(meter.perSecond(1000, 6000), 100)
  })
})
