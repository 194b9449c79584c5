import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SeenRevision } from './seen-revision.ts'

test('answers in any order are no sign of a restore', () => {
  const seen = new SeenRevision()
  assert.equal(
    seen.restored(0, { succeeded: true, revision: 900_000_000 }),
    false,
    'the first one may be any',
  )
  const before = seen.highest
  assert.equal(seen.restored(before, { succeeded: true, revision: before + 2 }), false)
  assert.equal(
    seen.restored(before, { succeeded: true, revision: before + 1 }),
    false,
    'sent at the same time',
  )
  assert.equal(seen.highest, before + 2)
  assert.equal(
    seen.restored(seen.highest, { succeeded: false, revision: before + 2 }),
    false,
    'nothing changed',
  )
})

test('a change without a new revision, an older revision and a leap are signs, once', () => {
  for (const [succeeded, revision] of [
    [true, 100],
    [false, 99],
    [false, 1_000_000_050],
  ] as const) {
    const seen = new SeenRevision()
    seen.restored(0, { succeeded: true, revision: 100 })
    assert.equal(seen.restored(seen.highest, { succeeded, revision }), true)
    assert.equal(seen.restored(seen.highest, { succeeded: true, revision: revision + 1 }), false)
  }
})
