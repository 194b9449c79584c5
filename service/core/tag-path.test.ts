import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isWithin } from './tag-path.ts'

test('a path lies within itself, what is above it and everything, and not within a name that begins alike', () => {
  for (const part of ['', 'w', 'w/g', 'w/g/t']) assert.ok(isWithin('w/g/t', part), part)
  for (const part of ['w/g/t/x', 'w/g/ta', 'w/g/', 'W', 'g', 'w/', 'wx'])
    assert.ok(!isWithin('w/g/t', part), part)
  assert.ok(!isWithin('', 'w'))
  assert.ok(isWithin('', ''))
  assert.ok(!isWithin('wx/g', 'w'))
})
