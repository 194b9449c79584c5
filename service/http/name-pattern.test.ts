import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { IdgenError } from '../core/errors.ts'
import { checkName } from '../core/tag.ts'
import { NAME_PATTERN, PRINTABLE_PATTERN } from './name-pattern.ts'

test('the schema and the use cases allow the same names', () => {
  const pattern = new RegExp(NAME_PATTERN, 'u')
  const near = fc.stringMatching(/^[a-z0-9._A-Z\n-]{0,70}$/)
  fc.assert(
    fc.property(fc.oneof(near, fc.string()), (name) => {
      assert.equal(pattern.test(name), accepts(name), JSON.stringify(name))
    }),
    { numRuns: 500 },
  )
  for (const name of ['a', 'a'.repeat(63), 'a'.repeat(64), '', '-a', 'a\n', 'A'])
    assert.equal(pattern.test(name), accepts(name), JSON.stringify(name))
})

test('texts for people may hold anything but control characters', () => {
  const pattern = new RegExp(PRINTABLE_PATTERN, 'u')
  for (const text of ['', 'Bestellungen – 订单 🧾', "O'Hara <b>"]) assert.ok(pattern.test(text), text)
  for (const text of ['a\u0000', 'a\r\nb', '\u001b[31m', '\u007f', '\u0084']) assert.ok(!pattern.test(text))
})

function accepts(name: string): boolean {
  try {
    checkName('tag', name)
    return true
  } catch (error) {
    assert.ok(error instanceof IdgenError)
    return false
  }
}
