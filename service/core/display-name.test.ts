import assert from 'node:assert/strict'
import { test } from 'node:test'
import { displayNameFault } from './display-name.ts'

test('a sentence in any language is a display name', () => {
  for (const text of ['', 'Orders', '订单号', 'Ünïcode 🎉', 'x'.repeat(200)])
    assert.equal(displayNameFault(text), undefined)
})

test('what would break a line of the log, or the database, is none', () => {
  assert.match(displayNameFault('x'.repeat(201)) ?? '', /at most 200 characters, not 201/)
  for (const text of ['a\nb', '\u0000', '\u007f', '\u0085', '\ud83c'])
    assert.match(displayNameFault(text) ?? '', /control/)
})
