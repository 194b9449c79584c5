import assert from 'node:assert/strict'
import { test } from 'node:test'
import { repeats } from './repeats.ts'

test('IDs that nobody looked up did not come once: of such a run there is no count, which meets no bar', () => {
  const check = { checked: 10, unchecked: 0, duplicates: 0, examples: [] }
  assert.equal(repeats({ check }), 0)
  assert.equal(repeats({ check: { ...check, duplicates: 2 } }), 2)
  assert.ok(Number.isNaN(repeats({ check: { ...check, unchecked: 1 } })))
  assert.ok(Number.isNaN(repeats({ check: undefined })))
})
