import assert from 'node:assert/strict'
import { test } from 'node:test'
import { IdgenError } from '../core/errors.ts'
import { formatFieldsOf, formatOfFields } from './format-fields.ts'

function formatOf(typed: Readonly<Record<string, string>>): ReturnType<typeof formatOfFields> {
  return formatOfFields(formatFieldsOf(new URLSearchParams(typed)))
}

const KEY = '00112233445566778899aabbccddeeff'

test('a form without anything in it asks for plain numbers', () => {
  assert.equal(formatOf({}), undefined)
  assert.equal(formatOf({ prefix: '', radix: '', shuffleKey: KEY }), undefined)
})

test('the fields of a form are the format that the API takes', () => {
  const typed = { prefix: 'INV-', suffix: '/EU', width: ' 6 ', check: 'luhn', separator: '-' }
  assert.deepEqual(formatOf({ ...typed, reset: 'day', utcOffsetMinutes: '-300' }), {
    prefix: 'INV-',
    suffix: '/EU',
    width: 6,
    check: 'luhn',
    reset: 'day',
    utcOffsetMinutes: -300,
    separator: '-',
  })
  assert.deepEqual(formatOf({ radix: '62', width: '6', shuffle: 'yes', shuffleKey: KEY }), {
    radix: 62,
    width: 6,
    shuffleKey: KEY,
  })
})

test('every fault of a format is told in the sentences of the service, with what was typed', () => {
  const typed = { prefix: 'a b', width: 'six', utcOffsetMinutes: '900', shuffle: 'yes', shuffleKey: 'x' }
  assert.throws(
    () => formatOf(typed),
    (error) => {
      assert.ok(error instanceof IdgenError)
      assert.match(error.message, /\/space\/format\/prefix must be up to 16 of .*, not "a b"/)
      assert.match(error.message, /\/space\/format\/width must be an integer from 1 to 19, not "six"/)
      assert.match(error.message, /utcOffsetMinutes must be an integer from -720 to 840, not 900/)
      assert.match(error.message, /shuffleKey must be 32 hex digits/)
      return true
    },
  )
})
