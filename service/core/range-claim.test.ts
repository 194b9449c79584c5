import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseRangeClaim, printRangeClaim, type RangeClaim, rangeClaimOf, sameClaim } from './range-claim.ts'

const CLAIM: RangeClaim = { generation: 'c'.repeat(32), startAt: 0, cellSize: 1000, dcCount: 8 }

test('a claim is read as it was printed', () => {
  const space = { startAt: 0, cellSize: 1000, dcCount: 8, more: 1 }
  assert.deepEqual(rangeClaimOf({ generation: CLAIM.generation, space }), CLAIM)
  assert.deepEqual(parseRangeClaim(printRangeClaim(CLAIM)), CLAIM)
})

test('what is no claim is none, so that nobody takes it for one', () => {
  const { dcCount: _none, ...short } = CLAIM
  const texts = ['', '{}', 'null', JSON.stringify(short), JSON.stringify({ ...CLAIM, more: 1 })]
  for (const change of [{ generation: 'C' }, { startAt: '0' }, { cellSize: null }, { dcCount: 1.5 }])
    texts.push(JSON.stringify({ ...CLAIM, ...change }))
  for (const text of texts) assert.equal(parseRangeClaim(text), undefined, text)
})

test('claims are the same in all four parts or not at all', () => {
  assert.ok(sameClaim(CLAIM, { ...CLAIM }))
  for (const change of [{ generation: 'd' }, { startAt: 1 }, { cellSize: 1 }, { dcCount: 1 }])
    assert.ok(!sameClaim(CLAIM, { ...CLAIM, ...change }))
})

test('a claim names the format where there is one, and differs from a claim of another', () => {
  const space = { startAt: 1, cellSize: 1000, dcCount: 1, format: { prefix: 'A' } }
  const claim = rangeClaimOf({ generation: '0'.repeat(32), space })
  assert.deepEqual(parseRangeClaim(printRangeClaim(claim)), claim)
  assert.equal(sameClaim(claim, { ...claim, format: { prefix: 'B' } }), false)
  assert.equal(parseRangeClaim(printRangeClaim({ ...claim, format: { radix: 7 } })), undefined)
})
