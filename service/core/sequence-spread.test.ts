import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { IdBatch } from './id-batch.ts'
import { SequenceSpread } from './sequence-spread.ts'
import { Snowflake } from './snowflake.ts'
import { DEFAULT_EPOCH_MS, snowflakeLayout } from './snowflake-layout.ts'

const T = Date.UTC(2026, 5, 1)
const SAMPLES = 20_000
/** Chi-square bounds at p = 0.001 for modulus - 1 degrees of freedom. */
const BOUNDS = new Map([
  [2, 10.83],
  [4, 16.27],
  [8, 24.32],
  [16, 37.7],
  [32, 61.1],
  [64, 103.44],
])

describe('sequence spread', () => {
  for (const seed of [1, 42, 0xdead_beef])
    test(`trap 13: at 1 ID/s the residues mod 2 to 64 are even (seed ${seed})`, () => {
      const lows = lowWords(seed, (snowflake, second) => [lowAt(snowflake, T + second * 1000)])
      for (const [modulus, bound] of BOUNDS) assert.ok(chiSquare(lows, modulus) < bound, `mod ${modulus}`)
    })

  for (const turn of ['in the same millisecond', 'half a second apart'])
    test(`with two tags taking turns ${turn} each of them is even`, () => {
      const apart = turn === 'in the same millisecond' ? 0 : 500
      for (const which of [0, 1]) {
        const lows = lowWords(3, (snowflake, second) => {
          const a = lowAt(snowflake, T + second * 1000)
          const b = lowAt(snowflake, T + second * 1000 + apart)
          return [which === 0 ? a : b]
        })
        for (const [modulus, bound] of BOUNDS) assert.ok(chiSquare(lows, modulus) < bound, `mod ${modulus}`)
      }
    })

  test('a spread start costs at most 63 of the 1024 sequences of its millisecond', () => {
    const snowflake = granted(9)
    for (let ms = 0; ms < 500; ms++) {
      const batch = new IdBatch()
      snowflake.take(1024 - 63, T + ms, batch)
      assert.equal(batch.runCount, 1)
    }
  })

  test('seed 0 spreads too', () => {
    const spread = new SequenceSpread(0)
    const seen = new Set(Array.from({ length: 2000 }, () => spread.next()))
    assert.equal(seen.size, 64)
    assert.ok([...seen].every((start) => start >= 0 && start <= 63))
  })
})

function lowWords(seed: number, each: (snowflake: Snowflake, second: number) => number[]): number[] {
  const snowflake = granted(seed)
  const lows = []
  for (let second = 0; second < SAMPLES; second++) lows.push(...each(snowflake, second))
  return lows
}

function granted(seed: number): Snowflake {
  const snowflake = new Snowflake({ layout: snowflakeLayout(DEFAULT_EPOCH_MS), seed })
  snowflake.install({ dc: 0, worker: 0, fromMs: T, untilMs: T + SAMPLES * 1000 })
  return snowflake
}

function lowAt(snowflake: Snowflake, nowMs: number): number {
  const batch = new IdBatch()
  assert.equal(snowflake.take(1, nowMs, batch), 1)
  return batch.runLo(0)
}

function chiSquare(values: number[], modulus: number): number {
  const counts = Array.from({ length: modulus }, () => 0)
  for (const value of values) counts[value % modulus] = (counts[value % modulus] ?? 0) + 1
  const expected = values.length / modulus
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0)
}
