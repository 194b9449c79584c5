import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { IdgenError } from '../core/errors.ts'
import { pageAnswer, pageRequest } from './page-cursor.ts'

test('the cursor of a page leads to the next one', () => {
  const name = fc.stringMatching(/^[a-z0-9][a-z0-9._-]{0,62}$/)
  const collection = fc.constantFrom('workspace:', 'group:w', 'tag:w/g', 'key')
  fc.assert(
    fc.property(name, collection, (last, list) => {
      const { nextCursor } = pageAnswer(list, { items: [1], next: last }, String)
      assert.ok(nextCursor !== undefined)
      assert.deepEqual(pageRequest(list, { limit: 7, cursor: nextCursor }), { limit: 7, after: last })
    }),
  )
})

test('the last page has no cursor', () => {
  assert.deepEqual(
    pageAnswer('key', { items: [1, 2], next: undefined }, (n) => n * 2),
    { items: [2, 4] },
  )
  assert.deepEqual(pageRequest('key', { limit: 7 }), { limit: 7, after: undefined })
})

test('a cursor of another list, or no cursor at all, is refused', () => {
  const { nextCursor = '' } = pageAnswer('group:w', { items: [], next: 'a' }, String)
  for (const [list, cursor] of [
    ['group:other', nextCursor],
    ['group:', nextCursor],
    ['group:w', `${nextCursor}=`],
    ['group:w', `${nextCursor}!`],
    ['group:w', ''],
    ['group:w', 'a'],
    ['group:w', Buffer.from('group:w:').toString('base64url')],
  ] as const)
    assert.throws(
      () => pageRequest(list, { limit: 7, cursor }),
      (error) => error instanceof IdgenError && error.code === 'IDGEN_CURSOR_INVALID',
      `${list} ${cursor}`,
    )
})

test('any text is refused as a cursor or is the one cursor of its name', () => {
  fc.assert(
    fc.property(fc.string(), (cursor) => {
      try {
        const { after } = pageRequest('key', { limit: 1, cursor })
        assert.equal(pageAnswer('key', { items: [], next: after }, String).nextCursor, cursor)
      } catch (error) {
        assert.ok(error instanceof IdgenError && error.code === 'IDGEN_CURSOR_INVALID')
      }
    }),
  )
})
