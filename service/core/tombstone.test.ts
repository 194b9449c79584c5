import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SEGMENT_LIMIT } from './tag.ts'
import { parseTombstone, printTombstone } from './tombstone.ts'

const generation = 'd'.repeat(32)

test('a tombstone is read as it was printed, up to the end of all numbers', () => {
  for (const highWater of [0, 5000, SEGMENT_LIMIT - 1, SEGMENT_LIMIT])
    assert.deepEqual(parseTombstone(printTombstone({ generation, highWater })), { generation, highWater })
})

test('what is no tombstone is none, so that nobody begins below what it meant', () => {
  const texts = ['', '[]', '{}', JSON.stringify({ highWater: 1 }), JSON.stringify({ generation })]
  for (const highWater of [-1, 1.5, '7', null, SEGMENT_LIMIT * 2])
    texts.push(JSON.stringify({ generation, highWater }))
  texts.push(JSON.stringify({ generation: 'D', highWater: 1 }))
  texts.push(JSON.stringify({ generation, highWater: 1, more: 1 }))
  for (const text of texts) assert.equal(parseTombstone(text), undefined, text)
})
