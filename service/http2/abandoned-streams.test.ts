import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AbandonedStreams } from './abandoned-streams.ts'

test('as much may still come of a stream as the window was, until the client ends it', () => {
  const streams = new AbandonedStreams(100)
  assert.equal(streams.takes(1, 1, false), false, 'nobody abandoned it')
  streams.add(1)
  assert.equal(streams.takes(1, 60, false), true)
  assert.equal(streams.takes(1, 40, false), true)
  assert.equal(streams.takes(1, 1, false), false)
  assert.equal(streams.takes(1, 0, false), false, 'what is above the window ends it')
  streams.add(3)
  assert.equal(streams.takes(3, 10, true), true)
  assert.equal(streams.takes(3, 10, false), false)
  streams.add(5)
  assert.equal(streams.forget(5), true)
  assert.equal(streams.forget(5), false)
})

test('of many streams the latest are known', () => {
  const streams = new AbandonedStreams(100)
  for (let id = 1; id < 2 * 300; id += 2) streams.add(id)
  assert.equal(streams.forget(1), false)
  assert.equal(streams.forget(599), true)
  assert.equal(streams.forget(2 * 44 + 1), true)
  assert.equal(streams.forget(2 * 43 + 1), false)
})
