import assert from 'node:assert/strict'
import { test } from 'node:test'
import { callsToSkip, SecondBudget } from './span-sampling.ts'

test('as many calls are traced as the ratio says', () => {
  for (const ratio of [0.5, 0.1, 0.001]) {
    let calls = 0
    const draws = 20_000
    for (let draw = 0; draw < draws; draw += 1) calls += callsToSkip(ratio, draw / draws) + 1
    assert.ok(Math.abs((draws / calls) * (1 / ratio) - 1) < 0.02, `${draws / calls} instead of ${ratio}`)
  }
})

test('a ratio of nothing traces no call, and one of all traces each', () => {
  assert.equal(callsToSkip(0, 0.5), Number.POSITIVE_INFINITY)
  assert.equal(callsToSkip(1, 0.999), 0)
})

test('no more calls are traced in a second than the budget allows, and the next second has as many again', () => {
  const budget = new SecondBudget()
  const taken = (nowMs: number): number =>
    Array.from({ length: 10 }, () => budget.tryTake(3, nowMs)).filter(Boolean).length
  assert.deepEqual([taken(1000), taken(1999), taken(2000)], [3, 0, 3])
})
