import assert from 'node:assert/strict'
import { test } from 'node:test'
import { restAfter } from './back-off.ts'

test('rests double up to two seconds, and chance halves them at most', () => {
  assert.deepEqual(
    [1, 2, 3, 4, 5, 6, 7, 100].map((failures) => restAfter(failures, 0)),
    [25, 50, 100, 200, 400, 800, 1000, 1000],
  )
  assert.equal(restAfter(100, 0.999_999) > 1999, true)
})

test('what Retry-After says is the least, with some chance added, and half a minute the most', () => {
  assert.equal(restAfter(1, 0, 5000), 5000)
  assert.equal(restAfter(1, 0.5, 5000), 5250)
  assert.equal(restAfter(1, 0.5, 3_600_000), 30_000)
})
