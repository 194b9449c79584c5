import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fittedLine, growthOverLast } from './fitted-line.ts'

const minutes = Array.from({ length: 31 }, (_, i) => i)

test('points on a line give its slope, and noise around it hardly changes that', () => {
  const exact = fittedLine(minutes.map((x) => [x, 3 * x + 7]))
  assert.ok(Math.abs(exact.slope - 3) < 1e-9)
  assert.ok(Math.abs(exact.mean - 52) < 1e-9)
  const noisy = fittedLine(minutes.map((x) => [x, 3 * x + (x % 2 === 0 ? 5 : -5)]))
  assert.ok(Math.abs(noisy.slope - 3) < 0.1)
})

test('what fills in the first half and stays is flat', () => {
  const filled = minutes.map((x): [number, number] => [x, x < 15 ? 100 + 10 * x : 250])
  assert.equal(growthOverLast(1 / 2, filled), 0)
})

test('a leak of a hundredth a minute is seen as what it adds to the second half', () => {
  const leaking = minutes.map((x): [number, number] => [x, 100 + x])
  assert.ok(Math.abs(growthOverLast(1 / 2, leaking) - 15 / 122.5) < 1e-9)
})

test('of the last third alone it is seen as what it adds to that', () => {
  const leaking = minutes.map((x): [number, number] => [x, x < 20 ? 100 : 100 + (x - 20)])
  assert.ok(Math.abs(growthOverLast(1 / 3, leaking) - 10 / 105) < 1e-9)
})

test('a single sample is no growth that could meet a bar', () => {
  assert.ok(Number.isNaN(growthOverLast(1 / 2, [[0, 1]])))
  assert.ok(Number.isNaN(growthOverLast(1 / 2, [])))
})
