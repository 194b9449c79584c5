import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ThreadByHand, upTo } from '../../test/fixtures/thread-by-hand.ts'

test('what is read by a thread that is on time took no time, whatever comes', () => {
  const thread = new ThreadByHand()
  thread.watch.start()
  for (let turn = 0; turn < 100; turn += 1) {
    thread.answer(1000)
    thread.look(0.9)
    thread.read()
  }
  assert.equal(thread.late().count, 0)
  assert.equal(upTo(thread.times.all(), 0.001), 100_000)
})

test('requests that came while the thread was late waited: those read before it looked, and those after', () => {
  for (const before of [0, 300, 710]) {
    const thread = new ThreadByHand()
    thread.watch.start()
    thread.answer(before)
    thread.look(60)
    thread.answer(710 - before)
    thread.read()
    // 60 of 71 ms, and of these the sixth that came first waited for more than 50 ms.
    for (const counts of [thread.times.all(), thread.times.of('http')]) {
      assert.equal(counts.count, 710)
      assert.equal(upTo(counts, 0.1), 710)
      assert.ok(Math.abs(upTo(counts, 0.05) - 610) <= 1, String(upTo(counts, 0.05)))
      assert.ok(Math.abs(counts.sumSeconds - (600 * 60) / 2000) < 0.05, String(counts.sumSeconds))
    }
    assert.equal(thread.times.of('grpc').count, 0)
    // The next turn is on time again.
    thread.answer(500)
    thread.look(0)
    thread.read()
    assert.ok(Math.abs(thread.late().count - 600) <= 1)
  }
})

test('one that waited for a grant is timed by itself, and not counted twice', () => {
  const thread = new ThreadByHand()
  thread.watch.start()
  thread.protocols.durations.http.observe(30, 100)
  thread.look(60)
  thread.read()
  assert.equal(thread.late().count, 0)
  assert.equal(thread.times.all().count, 100)
})

test('one that begins to wait in a late turn lay unread as long as the others', () => {
  for (const looksFirst of [true, false]) {
    const thread = new ThreadByHand()
    assert.equal(thread.watch.unreadMs(0), 0)
    thread.watch.start()
    if (looksFirst) thread.look(60)
    const unread = Array.from({ length: 710 }, () => thread.watch.unreadMs(71))
    assert.ok(unread.every((ms) => ms >= 0 && ms <= 60))
    const late = unread.filter((ms) => ms > 0)
    const half = late.filter((ms) => ms > 30)
    assert.ok(Math.abs(late.length - 600) <= 5 && Math.abs(half.length - 300) <= 5)
    if (!looksFirst) thread.look(60)
    thread.read()
    assert.equal(thread.watch.unreadMs(81), 0)
  }
})

test('a thread that is late all the time: most of what it answers waited', () => {
  const thread = new ThreadByHand()
  thread.watch.start()
  for (let turn = 0; turn < 100; turn += 1) {
    thread.look(39)
    thread.answer(50)
    thread.read()
  }
  assert.ok(Math.abs(thread.late().count - 3900) <= 1, String(thread.late().count))
})

test('a pause of an hour counts as one of a minute', () => {
  const thread = new ThreadByHand()
  thread.watch.start()
  thread.answer(10)
  thread.look(3_600_000)
  thread.read()
  assert.ok(thread.late().sumSeconds <= 10 * 30)
  assert.equal(thread.watch.worstMs, 3_600_000)
})

test('whoever looks before late requests are known as such sees no counter fall, and the next requests make up for it', () => {
  const thread = new ThreadByHand()
  thread.watch.start()
  thread.look(60)
  thread.answer(100)
  const between = thread.times.all()
  assert.equal(upTo(between, 0.001), 100)
  thread.read()
  assert.equal(upTo(thread.times.all(), 0.001), 100)
  for (let turn = 0; turn < 10; turn += 1) {
    thread.answer(100)
    thread.look(0)
  }
  const after = thread.times.all()
  assert.equal(after.count, 1100)
  assert.equal(upTo(after, 0.001), 1100 - thread.late().count + upTo(thread.late(), 0.001))
})

test('whatever happens in which order, no counter falls and every request is in one class', () => {
  const step = fc.oneof(
    fc.record({ answer: fc.integer({ min: 0, max: 500 }) }),
    fc.record({ look: fc.double({ min: 0, max: 500, noNaN: true }) }),
    fc.constant({ read: true }),
    fc.constant({ scrape: true }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const thread = new ThreadByHand()
      thread.watch.start()
      let requests = 0
      let last = thread.times.all()
      for (const one of steps) {
        if ('answer' in one) {
          requests += one.answer
          thread.answer(one.answer)
        } else if ('look' in one) thread.look(one.look)
        else if ('read' in one) thread.read()
        else {
          const now = thread.times.all()
          assert.equal(now.count, requests)
          assert.ok(now.atMost.every((count, at) => count >= (last.atMost[at] ?? 0)))
          assert.ok(now.atMost.every((count, at) => count >= (now.atMost[at - 1] ?? 0) && count <= requests))
          assert.ok(now.sumSeconds >= last.sumSeconds)
          last = now
        }
      }
      assert.ok(thread.late().count <= requests)
    }),
  )
})

test('the worst lateness is kept for 15 to 30 seconds, and told when it changes', () => {
  const thread = new ThreadByHand()
  thread.watch.start()
  for (const lateMs of [5, 80, 20]) thread.look(lateMs)
  assert.deepEqual(thread.told, [5, 80])
  assert.equal(thread.watch.worstMs, 80)
  thread.rest(15_000)
  assert.equal(thread.watch.worstMs, 80)
  thread.rest(16_000)
  assert.equal(thread.watch.worstMs, 0)
  assert.deepEqual(thread.told, [5, 80, 0])
})

test('a thread that lacks the CPU is seen with few requests as with many', () => {
  for (const everyMs of [7, 83, 1171, 7919]) {
    const thread = new ThreadByHand()
    thread.watch.start()
    let unread: number[] = []
    const waited: number[] = []
    // Without the CPU for a tenth of each second.
    for (let ms = 0; ms < 3_600_000; ms += 1) {
      thread.pass(1)
      if (ms % everyMs === 0) unread.push(ms)
      if (ms % 1000 < 100) continue
      if (thread.isDue) thread.wake()
      else if (unread.length === 0) continue
      thread.answer(unread.length)
      waited.push(...unread.map((since) => ms - since))
      unread = []
      thread.read()
    }
    const slow = waited.filter((ms) => ms > 10).length
    const seen = thread.late().count - upTo(thread.late(), 0.01)
    assert.ok(seen > 0.75 * slow && seen < 1.25 * slow, `every ${everyMs} ms: ${seen} of ${slow}`)
  }
})

test('after a stop nothing is looked at', () => {
  const thread = new ThreadByHand()
  thread.watch.start()
  assert.ok(thread.waits)
  thread.watch.stop()
  assert.ok(!thread.waits)
})
