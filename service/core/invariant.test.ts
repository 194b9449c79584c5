import assert from 'node:assert/strict'
import { test } from 'node:test'
import { invariant, unreachable } from './invariant.ts'

test('an invariant that holds is silent, one that does not stops with its rule', () => {
  invariant(true, 'water is wet')
  assert.throws(() => invariant(false, 'water is wet'), /invariant broken: water is wet/)
})

test('what the compiler rules out stops with its value', () => {
  assert.throws(() => unreachable('surprise' as never), /unreachable value: surprise/)
})
