import assert from 'node:assert/strict'
import { test } from 'node:test'
import { measuredCommit } from './measured-commit.ts'

test('the commit that is measured is named, or left out where there is none', () => {
  const commit = measuredCommit()
  assert.ok(commit === undefined || /^[0-9a-f]{10,40}( and changes)?$/.test(commit), commit)
})
