import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { SendSchedule } from './send-schedule.ts'

const FOREVER = Number.POSITIVE_INFINITY

function openLoop(perSecond: number, durationMs: number, offsetMs = 0): SendSchedule {
  return new SendSchedule({ perSecond, requests: FOREVER, durationMs, offsetMs })
}

test('an open loop has its moments at equal distances, however late it is looked at', () => {
  const schedule = openLoop(1000, 100, 0.5)
  schedule.begin(5000)
  assert.equal(schedule.due(5000, 10), 0)
  assert.equal(schedule.due(5000.5, 10), 1)
  // Nothing was sent for 3 ms: all four are due, and their moments are where they belong.
  assert.equal(schedule.due(5003.6, 10), 4)
  assert.deepEqual(
    [1, 2, 3, 4].map(() => schedule.take(5003.6)),
    [5000.5, 5001.5, 5002.5, 5003.5],
  )
  assert.equal(schedule.due(5003.6, 10), 0)
})

test('looked at whenever, an open loop sends as many as its rate and duration are', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 5000 }),
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 60 }),
      fc.integer({ min: 1, max: 50 }),
      (perSecond, pauses, room) => {
        const schedule = openLoop(perSecond, 500)
        schedule.begin(0)
        let nowMs = 0
        for (const pause of pauses) {
          nowMs += pause
          const count = schedule.due(nowMs, room)
          assert.ok(count >= 0 && count <= room)
          for (let i = 0; i < count; i += 1) assert.ok(schedule.take(nowMs) <= nowMs, 'not before its moment')
        }
        const seenMs = Math.min(nowMs, schedule.lastMs)
        const wanted = Math.floor((seenMs * perSecond) / 1000) + 1
        assert.equal(schedule.sent + schedule.missed(nowMs), wanted)
      },
    ),
  )
})

test('what found no room until the end is told as missed', () => {
  const schedule = openLoop(1000, 10)
  schedule.begin(0)
  for (let i = schedule.due(5, 3); i > 0; i -= 1) schedule.take(5)
  assert.ok(schedule.isOver(10))
  assert.equal(schedule.due(10, 100), 0)
  assert.equal(schedule.missed(50), 7)
})

test('a closed loop sends whenever there is room, until its time or its requests are over', () => {
  const timed = new SendSchedule({ perSecond: undefined, requests: FOREVER, durationMs: 10, offsetMs: 0 })
  assert.equal(timed.due(0, 5), 0)
  timed.begin(0)
  assert.equal(timed.due(9, 5), 5)
  assert.equal(timed.take(9), 9)
  assert.equal(timed.due(10, 5), 0)
  const counted = new SendSchedule({ perSecond: undefined, requests: 3, durationMs: 1000, offsetMs: 0 })
  counted.begin(0)
  assert.equal(counted.due(1, 5), 3)
  for (let i = 0; i < 3; i += 1) counted.take(1)
  assert.ok(counted.isOver(1))
  assert.equal(counted.missed(2000), 0)
})

test('a stop ends both, and what was not due before it is not missed', () => {
  const schedule = openLoop(1000, 10_000)
  schedule.begin(0)
  for (let i = schedule.due(4.5, 100); i > 0; i -= 1) schedule.take(4.5)
  schedule.stop(4.9)
  assert.ok(schedule.isOver(4.9))
  assert.equal(schedule.missed(9000), 0)
})
