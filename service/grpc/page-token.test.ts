import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { IdgenError } from '../core/errors.ts'
import { pageRequest, pageToken } from './page-token.ts'

test('a token leads back to the name it was made of', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), (name) => {
      const token = pageToken('tags:w/g', name.toWellFormed())
      assert.equal(pageRequest('tags:w/g', { pageSize: 1, pageToken: token }).after, name.toWellFormed())
    }),
  )
})

test('a token of another list, a changed token and a text of nobody are refused', () => {
  const token = pageToken('tags:w/g', 'orders')
  for (const wrong of [
    pageToken('tags:w/h', 'orders'),
    `${token}=`,
    token.slice(1),
    '%%%',
    pageToken('tags:w/g', ''),
  ])
    assert.throws(
      () => pageRequest('tags:w/g', { pageSize: 0, pageToken: wrong }),
      (error) => error instanceof IdgenError && error.code === 'IDGEN_CURSOR_INVALID',
      wrong,
    )
})

test('the page size is 50 when unset and at most 1000', () => {
  assert.deepEqual(pageRequest('keys', { pageSize: 0, pageToken: '' }), { limit: 50, after: undefined })
  assert.equal(pageRequest('keys', { pageSize: 1000, pageToken: '' }).limit, 1000)
  assert.throws(
    () => pageRequest('keys', { pageSize: 1001, pageToken: '' }),
    (error) => error instanceof IdgenError && error.faults[0]?.path === '/pageSize',
  )
})
