import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { IdMarks, repeats } from './repeated-ids.ts'

test('what two threads made alike is counted, whatever its form', () => {
  const [one, other] = [new IdMarks(10), new IdMarks(10)]
  for (const id of [1, 2n, 'three', Buffer.from([4])]) one.add(id)
  for (const id of ['1', 2, 'four', Buffer.from([4])]) other.add(id)
  assert.equal(repeats([one, other]), 3)
})

test('consecutive numbers and random texts have marks of their own', () => {
  const marks = new IdMarks(400_000)
  for (let i = 0; i < 200_000; i += 1) {
    marks.add(7_000_000_000_000_000 + i)
    marks.add(randomUUID())
  }
  assert.equal(marks.count, 400_000)
  assert.equal(repeats([marks]), 0)
})

test('marks have room for as many as they were made for', () => {
  const marks = new IdMarks(2)
  assert.ok(marks.room)
  marks.add(1)
  marks.add(2)
  assert.ok(!marks.room)
})
