import assert from 'node:assert/strict'
import { test } from 'node:test'
import { jsonFields } from './json-object.ts'

test('the fields of an object are given, and none of anything else', () => {
  assert.deepEqual(jsonFields('{"a":1,"b":[2]}'), { a: 1, b: [2] })
  for (const text of ['', '{', 'null', '1', '"a"', '[1]', 'undefined']) assert.deepEqual(jsonFields(text), {})
})

test('a field named __proto__ changes no prototype', () => {
  const fields = jsonFields('{"__proto__":{"polluted":true}}')
  assert.equal(Object.getPrototypeOf(fields), Object.prototype)
  assert.equal(fields['polluted'], undefined)
})
