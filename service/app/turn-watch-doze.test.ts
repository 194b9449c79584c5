import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ThreadByHand, upTo } from '../../test/fixtures/thread-by-hand.ts'

describe('a thread that nobody asks', () => {
  function dozing(): ThreadByHand {
    const thread = new ThreadByHand()
    thread.watch.start()
    thread.rest(4900)
    assert.equal(thread.everyMs, 10)
    thread.rest(200)
    assert.equal(thread.everyMs, 50)
    return thread
  }

  test('looks twenty times a second after five seconds, whatever else it reads', () => {
    const thread = dozing()
    thread.pass(20)
    thread.read()
    thread.rest(60_000)
    assert.equal(thread.everyMs, 50)
  })

  test('is awake from the first request on, also of one that is timed by itself or answered elsewhere', () => {
    const ways: ((thread: ThreadByHand) => void)[] = [
      (thread) => thread.answer(1),
      (thread) => thread.protocols.durations.http.observe(30),
      (thread) => void (thread.askedElsewhere += 1),
    ]
    for (const ask of ways) {
      const thread = dozing()
      thread.pass(20)
      // Something else is read before.
      thread.read()
      thread.pass(20)
      ask(thread)
      thread.read()
      assert.equal(thread.everyMs, 10)
      assert.equal(thread.late().count, 0)
      thread.answer(710)
      thread.look(60)
      thread.read()
      assert.ok(Math.abs(thread.late().count - 600) <= 1, String(thread.late().count))
    }
  })

  test('and is late meanwhile takes all that it then reads as having come while it was late', () => {
    for (const readsFirst of [true, false]) {
      const thread = dozing()
      if (readsFirst) {
        thread.pass(51 + 60)
        thread.answer(300)
        const unread = Array.from({ length: 100 }, () => thread.watch.unreadMs(thread.monotonicMs()))
        assert.ok(unread.filter((ms) => ms > 30).length >= 45)
        thread.read()
        thread.wake()
        thread.answer(300)
      } else {
        thread.look(60)
        thread.answer(600)
      }
      thread.read()
      assert.equal(thread.late().count, 600)
      assert.ok(Math.abs(upTo(thread.late(), 0.025) - 250) <= 1)
      assert.equal(thread.watch.worstMs, 60)
    }
  })

  test('and stands still from inside a doze on is late by what of it lay behind the time of its look', () => {
    for (const [beginsMs, lastsMs] of [
      [0, 200],
      [1, 200],
      [40, 400],
    ] as const) {
      const thread = dozing()
      thread.pass(beginsMs + lastsMs)
      // They came while it stood still.
      thread.answer(100)
      thread.read()
      thread.wake()
      thread.read()
      assert.equal(thread.late().count, 100)
      assert.ok(thread.watch.worstMs >= lastsMs - 51, String(thread.watch.worstMs))
      assert.ok(thread.watch.worstMs <= lastsMs)
    }
  })

  test('and stands still for less than a doze is not known to', () => {
    const thread = dozing()
    thread.pass(51)
    thread.answer(100)
    thread.read()
    assert.equal(thread.everyMs, 10)
    assert.deepEqual([thread.late().count, thread.watch.worstMs], [0, 0])
  })

  test('and is a little late keeps dozing, and measures by the same', () => {
    const thread = dozing()
    thread.look(5)
    const unread = Array.from({ length: 100 }, () => thread.watch.unreadMs(thread.monotonicMs()))
    assert.ok(unread.every((ms) => ms >= 0 && ms <= 5) && unread.filter((ms) => ms > 2.5).length >= 45)
    thread.answer(600)
    thread.read()
    assert.equal(thread.late().count, 600)
    assert.equal(upTo(thread.late(), 0.005), 600)
  })

  test('looks as often where it is not told of what it reads, and measures as before', () => {
    const thread = new ThreadByHand(false)
    thread.watch.start()
    thread.rest(5100)
    assert.equal(thread.everyMs, 50)
    // 60 of 111 ms, of which the first half was not late.
    thread.answer(1110)
    thread.look(60)
    thread.read()
    assert.ok(Math.abs(thread.late().count - 600) <= 1, String(thread.late().count))
    assert.equal(thread.everyMs, 10)
  })

  test('is watched closely once it was late, for it lacks the CPU', () => {
    const thread = dozing()
    thread.look(49)
    assert.equal(thread.everyMs, 50)
    thread.look(51)
    assert.equal(thread.everyMs, 10)
    thread.rest(5100)
    assert.equal(thread.everyMs, 50)
  })
})
