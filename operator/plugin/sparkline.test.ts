import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sparkline } from './sparkline.ts'
import { symbolsFor } from './symbols.ts'

function drawn(values: readonly (number | undefined)[], limit?: number): string {
  const points = values.map((value) => ({ value, tone: 'good' as const }))
  return sparkline(points, limit, symbolsFor({ unicode: true }))
    .map(({ text }) => text)
    .join('')
}

test('the limit is the full height, and what is above it sets another', () => {
  assert.equal(drawn([0, 5, 10], 10), '▁▅█')
  assert.equal(drawn([0, 5, 10], 20), '▁▃▅')
  assert.equal(drawn([5, 40], 10), '▂█')
  assert.equal(drawn([1, 2]), '▅█')
})

test('nothing measured is no height, and all zeros are low', () => {
  assert.equal(drawn([undefined, 1]), '·█')
  assert.equal(drawn([Number.NaN]), '·')
  assert.equal(drawn([0, 0]), '▁▁')
})
