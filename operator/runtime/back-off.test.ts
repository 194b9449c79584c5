import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { BackOff, doubled } from './back-off.ts'

const OPTIONS = { firstMs: 800, maxMs: 30_000 }

describe('back-off', () => {
  test('ceilings double up to the cap', () => {
    const backOff = new BackOff(OPTIONS, () => 0.5)
    assert.deepEqual(
      Array.from({ length: 7 }, () => backOff.next() * 2),
      [800, 1600, 3200, 6400, 12_800, 25_600, 30_000],
    )
  })

  test('jitter spreads a wait over all of it', () => {
    assert.equal(new BackOff(OPTIONS, () => 0).next(), 0)
    assert.ok(new BackOff(OPTIONS, () => 0.999).next() > 799)
  })

  test('what the server asks for is waited at least, and a mistake of hours is not', () => {
    const backOff = new BackOff(OPTIONS, () => 0.5)
    assert.equal(backOff.next(7000), 7400)
    assert.equal(backOff.next(86_400_000), 300_800)
  })

  test('a reset begins with the shortest wait again', () => {
    const backOff = new BackOff(OPTIONS, () => 1)
    for (let i = 0; i < 5; i += 1) backOff.next()
    backOff.reset()
    assert.equal(backOff.next(), 800)
    assert.equal(backOff.failures, 1)
  })

  test('ten thousand failures in a row still give the cap', () => {
    assert.equal(doubled({ firstMs: 5, maxMs: 300_000 }, 10_000), 300_000)
  })
})
