import assert from 'node:assert/strict'
import { test } from 'node:test'
import { IdgenError } from '../core/errors.ts'
import { entityTag, ifMatchVersion } from './entity-tag.ts'

test('an entity tag names its version', () => {
  for (const version of [1, 42, 999_999]) assert.equal(ifMatchVersion(entityTag(version)), version)
})

test('no If-Match and * ask for no version', () => {
  assert.equal(ifMatchVersion(undefined), undefined)
  assert.equal(ifMatchVersion('*'), undefined)
})

test('a weak or a foreign entity tag never matches', () => {
  for (const tag of ['W/"3"', '"abc"', '""', `"${'9'.repeat(16)}"`])
    assert.throws(() => ifMatchVersion(tag), hasCode('IDGEN_VERSION_MISMATCH'), tag)
})

test('what is no single entity tag is refused as such', () => {
  for (const tag of ['3', '', '"3', '"3", "4"', '"1" x'])
    assert.throws(() => ifMatchVersion(tag), hasCode('IDGEN_REQUEST_INVALID'), tag)
})

function hasCode(code: string): (error: unknown) => boolean {
  return (error) => error instanceof IdgenError && error.code === code
}
