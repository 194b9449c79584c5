import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nearNames } from './near-names.ts'

test('names a few letters away are meant, the nearest first', () => {
  assert.deepEqual(nearNames('oders', ['order', 'orders', 'payments']), ['orders', 'order'])
  assert.deepEqual(nearNames('order', ['orders-eu', 'orders']), ['orders', 'orders-eu'])
  assert.deepEqual(nearNames('orders', ['payments', 'x']), [])
})

test('five names at most are told', () => {
  assert.equal(
    nearNames(
      'gen',
      Array.from({ length: 20 }, (_unused, i) => `gen-${i}`),
    ).length,
    5,
  )
})
