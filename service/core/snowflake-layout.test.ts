import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { IdgenError } from './errors.ts'
import {
  DEFAULT_EPOCH_MS,
  decodeSnowflake,
  endStampMs,
  firstStampMs,
  layoutHash,
  snowflakeHi,
  snowflakeLayout,
  snowflakeLo,
} from './snowflake-layout.ts'

const layout = snowflakeLayout(DEFAULT_EPOCH_MS)

describe('snowflake layout', () => {
  test('the bits fill 62 of 64', () => {
    assert.equal(layout.timestampBits + layout.dcBits + layout.workerBits + layout.sequenceBits, 62)
    assert.equal(DEFAULT_EPOCH_MS, Date.UTC(2024, 0, 1))
  })

  test('the hash names version, epoch and widths, so two layouts that differ never look alike', () => {
    assert.equal(layoutHash(layout), 'v1:1704067200000:41.3.8.10')
    assert.notEqual(layoutHash(layout), layoutHash(snowflakeLayout(DEFAULT_EPOCH_MS + 1)))
  })

  test('the first stamp is 2^53 and the last one stays below 2^62', () => {
    assert.equal(value(firstStampMs(layout), 0, 0, 0), 2n ** 53n)
    assert.equal(value(endStampMs(layout) - 1, 7, 255, 1023), 2n ** 62n - 1n)
  })

  test('the value of a known stamp is the one worked out by hand', () => {
    const ms = DEFAULT_EPOCH_MS + 2 ** 40 + 5
    assert.equal(value(ms, 3, 200, 77), ((2n ** 40n + 5n) << 21n) | (3n << 18n) | (200n << 10n) | 77n)
  })

  test('what no snowflake can be does not decode: bit 63, bit 62, or below 2^53', () => {
    assert.equal(decodeSnowflake(layout, 2 ** 31, 0), undefined)
    assert.equal(decodeSnowflake(layout, 2 ** 30, 0), undefined)
    assert.equal(decodeSnowflake(layout, 2 ** 21 - 1, 0xffff_ffff), undefined)
    assert.notEqual(decodeSnowflake(layout, 2 ** 21, 0), undefined)
    assert.notEqual(decodeSnowflake(layout, 2 ** 30 - 1, 0xffff_ffff), undefined)
  })

  for (const epoch of [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 4_102_444_800_001])
    test(`an epoch of ${epoch} is refused with its value`, () => {
      assert.throws(
        () => snowflakeLayout(epoch),
        (error) =>
          error instanceof IdgenError &&
          error.code === 'IDGEN_CONFIG_INVALID' &&
          error.message.includes(`not ${epoch}`),
      )
    })

  test('every value decodes to what it was made of, and orders by (time, dc, worker, sequence)', () => {
    const part = fc.record({
      ms: fc.integer({ min: firstStampMs(layout), max: endStampMs(layout) - 1 }),
      dc: fc.integer({ min: 0, max: 7 }),
      worker: fc.integer({ min: 0, max: 255 }),
      sequence: fc.integer({ min: 0, max: 1023 }),
    })
    fc.assert(
      fc.property(part, part, (a, b) => {
        const hi = snowflakeHi(layout, a.ms)
        const lo = snowflakeLo(layout, a.ms, a.dc, a.worker) + a.sequence
        const { dc, worker, sequence } = a
        assert.deepEqual(decodeSnowflake(layout, hi, lo), { timeMs: a.ms, dc, worker, sequence, version: 1 })
        const va = value(a.ms, a.dc, a.worker, a.sequence)
        const vb = value(b.ms, b.dc, b.worker, b.sequence)
        if (a.ms !== b.ms) assert.equal(va < vb, a.ms < b.ms)
      }),
      { numRuns: 1000 },
    )
  })
})

function value(ms: number, dc: number, worker: number, sequence: number): bigint {
  return (BigInt(snowflakeHi(layout, ms)) << 32n) + BigInt(snowflakeLo(layout, ms, dc, worker) + sequence)
}
