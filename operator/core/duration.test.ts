import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { parseDuration, printDuration, roughDuration } from './duration.ts'

describe('a length of time', () => {
  test('is read as Go writes it', () => {
    for (const [text, ms] of [
      ['0s', 0],
      ['24h', 86_400_000],
      ['1h30m', 5_400_000],
      ['1.5h', 5_400_000],
      ['10m', 600_000],
      ['30s', 30_000],
      ['200ms', 200],
      ['1m1s1ms', 61_001],
      ['24h0m0s', 86_400_000],
      ['8784h', 31_622_400_000],
    ] as const)
      assert.equal(parseDuration(text), ms, text)
  })

  test('that is none is refused with the text and what to write', () => {
    for (const text of ['', '5', '1d', 'h', '-1h', '1h ', '1 h', '.5h', '1.h', '1h30', 'Infinityh', '1e3s'])
      assert.throws(() => parseDuration(text), { message: new RegExp(`^"${text}" is no length.*24h`) })
  })

  test('beyond a year is refused', () => {
    assert.throws(() => parseDuration('8784h1ms'), /longer than a year.*8784h/)
  })

  test('is printed as short as it can be read again', () => {
    assert.equal(printDuration(5_400_000), '1h30m')
    assert.equal(printDuration(0), '0s')
    assert.equal(printDuration(-5), '0s')
    fc.assert(
      fc.property(fc.nat({ max: 31_622_400_000 }), (ms) => {
        assert.equal(parseDuration(printDuration(ms)), ms)
      }),
    )
  })

  test('is rounded up for people, so that it never says 0s before the end', () => {
    assert.equal(roughDuration(1), '1s')
    assert.equal(roughDuration(59_001), '1m')
    assert.equal(roughDuration(86_399_000), '24h')
    assert.equal(roughDuration(86_340_000), '23h59m')
  })
})
