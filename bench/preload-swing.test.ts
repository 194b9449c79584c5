import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DEFAULT_STEP } from '../service/core/tag.ts'
import { preloadSuccess, runSwing, type Swing, usualAllocationMs, waste } from './preload-swing.ts'

const SWING: Swing = {
  step: DEFAULT_STEP,
  preloadAt: 0.5,
  rates: [1000, 10_000],
  halfMs: 30_000,
  durationMs: 600_000,
  allocationMs: usualAllocationMs,
}

for (const [low, high] of [
  [100, 1000],
  [1000, 10_000],
  [10_000, 100_000],
] as const)
  for (const preloadAt of [0.3, 0.5])
    test(`a rate that jumps between ${low} and ${high} a second finds the next segment, fetched from ${preloadAt} left, in memory and wastes little`, () => {
      const outcome = runSwing({ ...SWING, preloadAt, rates: [low, high] })
      assert.ok(outcome.switches > 100, `only ${outcome.switches} switches say nothing`)
      assert.ok(preloadSuccess(outcome) > 0.99, `${outcome.ready} of ${outcome.switches} were ready`)
      assert.ok(waste(outcome) < 0.05, `${outcome.unused} unused beside ${outcome.issued}`)
    })

test('all that was due was issued, but for what waits for the last allocation', () => {
  const { issued } = runSwing(SWING)
  assert.ok(Math.abs(issued - 600 * 5500) < 20_000, `${issued} IDs`)
})

test('a database that takes longer than a segment lasts is seen as a failure of the preload', () => {
  const outcome = runSwing({ ...SWING, allocationMs: () => 15_000 })
  assert.ok(preloadSuccess(outcome) < 0.9, `${outcome.ready} of ${outcome.switches}`)
})
