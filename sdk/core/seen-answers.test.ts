import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { IdAnswer } from './id-answer.ts'
import { SeenAnswers } from './seen-answers.ts'

function answer(first: number): IdAnswer {
  return { runs: [{ first: BigInt(first), count: 100 }], texts: [], algorithm: 'segment', degraded: false }
}

test('an answer that a cache kept for minutes is known again, however many came in between', () => {
  const seen = new SeenAnswers()
  for (let i = 0; i < 1000; i += 1) assert.equal(seen.admit(answer(i * 100), i * 400), true)
  assert.equal(seen.admit(answer(0), 400_000), false)
  assert.equal(seen.admit(answer(99_900), 400_000), false)
})

test('what came is forgotten after ten minutes, and when it is too much', () => {
  const old = new SeenAnswers()
  assert.equal(old.admit(answer(0), 0), true)
  assert.equal(old.admit(answer(100), 600_001), true)
  assert.equal(old.admit(answer(0), 600_002), true)
  const many = new SeenAnswers()
  for (let i = 0; i <= 1024; i += 1) many.admit(answer(i * 100), i)
  assert.equal(many.admit(answer(100), 2000), false)
  assert.equal(many.admit(answer(0), 2000), true)
})
