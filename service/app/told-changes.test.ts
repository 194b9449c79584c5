import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ToldChanges } from './told-changes.ts'

test('what was told counts until a poll that began after it has ended', () => {
  const told = new ToldChanges()
  told.note('a')
  assert.deepEqual([told.has('a'), told.has('b')], [true, false])
  told.polled()
  assert.equal(told.has('a'), true, 'this poll may have begun before')
  told.note('b')
  told.polled()
  assert.deepEqual([told.has('a'), told.has('b')], [false, true])
  told.polled()
  assert.equal(told.has('b'), false)
})

test('more than can be remembered one by one are remembered as all, and no longer than others', () => {
  const told = new ToldChanges()
  for (let i = 0; i < 1024; i += 1) told.note(`k${i}`)
  assert.equal(told.has('other'), false)
  for (let i = 0; i < 5000; i += 1) told.note(`m${i}`)
  assert.equal(told.has('other'), true)
  told.polled()
  assert.equal(told.has('other'), true)
  told.polled()
  assert.equal(told.has('other'), false)
})
