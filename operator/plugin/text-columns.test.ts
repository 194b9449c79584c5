import assert from 'node:assert/strict'
import { test } from 'node:test'
import { charactersOf, columnsOf, firstColumns, lastColumns } from './text-columns.ts'

test('letters take one column, characters of East Asia and emoji two', () => {
  const table: readonly [string, number][] = [
    ['', 0],
    ['orders', 6],
    ['Größe', 5],
    ['▁▂█✔●━…', 7],
    ['订单', 4],
    ['注文、', 6],
    ['🚀', 2],
  ]
  for (const [text, columns] of table) assert.equal(columnsOf(text), columns, text)
})

test('a character with marks is one', () => assert.deepEqual(charactersOf('e\u0301x'), ['e\u0301', 'x']))

test('a wide character that does not fit is left out whole', () => {
  assert.equal(firstColumns('订单a', 3), '订')
  assert.equal(lastColumns('a订单', 3), '单')
  assert.equal(firstColumns('abc', 2), 'ab')
  assert.equal(lastColumns('abc', 2), 'bc')
})
