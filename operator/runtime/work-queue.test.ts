import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ManualClock } from './manual-clock.ts'
import { WorkQueue } from './work-queue.ts'

/** All keys that can be taken now, each done at once. */
async function drain(queue: WorkQueue): Promise<string[]> {
  const keys: string[] = []
  while (queue.depth > 0) {
    const key = (await queue.take()) ?? ''
    keys.push(key)
    queue.done(key)
  }
  return keys
}

describe('work queue', () => {
  test('a key that is added often is there once', async () => {
    const queue = new WorkQueue(new ManualClock())
    for (const key of ['a', 'b', 'a', 'a']) queue.add(key)
    assert.equal(queue.depth, 2)
    assert.deepEqual(await drain(queue), ['a', 'b'])
  })

  test('a key that is added while it is worked on comes again only when that is done', async () => {
    const queue = new WorkQueue(new ManualClock())
    queue.add('a')
    assert.equal(await queue.take(), 'a')
    queue.add('a')
    queue.add('a')
    assert.equal(queue.depth, 0)
    queue.done('a')
    assert.deepEqual(await drain(queue), ['a'])
    assert.equal(queue.depth, 0)
  })

  test('workers that wait get keys in the order of their waiting', async () => {
    const queue = new WorkQueue(new ManualClock())
    const first = queue.take()
    const second = queue.take()
    queue.add('a')
    queue.add('b')
    assert.deepEqual(await Promise.all([first, second]), ['a', 'b'])
  })

  test('what a list found waits while anything else is there, and is raised when it changes', async () => {
    const queue = new WorkQueue(new ManualClock())
    for (const key of ['l1', 'l2', 'l3']) queue.add(key, 'low')
    queue.add('changed')
    queue.add('l3')
    queue.add('changed', 'low')
    assert.deepEqual(await drain(queue), ['changed', 'l3', 'l1', 'l2'])
  })

  test('a change while a key of a list is worked on makes it urgent', async () => {
    const queue = new WorkQueue(new ManualClock())
    queue.add('a', 'low')
    await queue.take()
    queue.add('a', 'low')
    queue.add('a')
    queue.add('b', 'low')
    queue.done('a')
    assert.deepEqual(await drain(queue), ['a', 'b'])
  })

  test('failures of a key double its wait from 5 ms to 5 minutes, and a success forgets them', async () => {
    const clock = new ManualClock()
    const queue = new WorkQueue(clock)
    const waits: number[] = []
    for (let i = 0; i < 6; i += 1) {
      const startedMs = clock.monotonicMs()
      queue.retry('a')
      const taken = queue.take()
      while (queue.depth === 0 && clock.pending > 0) await clock.advance(5)
      assert.equal(await taken, 'a')
      queue.done('a')
      waits.push(clock.monotonicMs() - startedMs)
    }
    assert.deepEqual(waits, [5, 10, 20, 40, 80, 160])
    queue.forget('a')
    assert.equal(queue.failures('a'), 0)
    for (let i = 0; i < 30; i += 1) queue.retry('b')
    await clock.advance(300_000)
    assert.deepEqual(await drain(queue), ['b'])
  })

  test('many keys that fail together come back at ten a second after the first hundred', async () => {
    const clock = new ManualClock()
    const queue = new WorkQueue(clock)
    for (let i = 0; i < 150; i += 1) queue.retry(`k${i}`)
    await clock.advance(10)
    assert.equal((await drain(queue)).length, 100)
    await clock.advance(1000)
    assert.equal((await drain(queue)).length, 10)
    await clock.advance(4000)
    assert.equal((await drain(queue)).length, 40)
  })

  test('the earliest of several later times holds', async () => {
    const clock = new ManualClock()
    const queue = new WorkQueue(clock)
    queue.addAfter('a', 1000)
    queue.addAfter('a', 500)
    queue.addAfter('a', 2000)
    await clock.advance(500)
    assert.deepEqual(await drain(queue), ['a'])
    await clock.advance(5000)
    assert.equal(queue.depth, 0)
  })

  test('a key that comes now does not come later as well', async () => {
    const clock = new ManualClock()
    const queue = new WorkQueue(clock)
    queue.addAfter('a', 1000)
    queue.add('a')
    assert.deepEqual(await drain(queue), ['a'])
    await clock.advance(2000)
    assert.equal(queue.depth, 0)
    assert.equal(clock.pending, 0)
  })

  test('closing lets workers go, and leaves no timer', async () => {
    const clock = new ManualClock()
    const queue = new WorkQueue(clock)
    const waiting = queue.take()
    queue.addAfter('a', 1000)
    queue.close()
    assert.equal(await waiting, undefined)
    assert.equal(await queue.take(), undefined)
    queue.add('b')
    assert.equal(queue.depth, 0)
    assert.equal(clock.pending, 0)
  })

  test('it tells how long keys waited and were worked on', async () => {
    const clock = new ManualClock()
    const seen: string[] = []
    const queue = new WorkQueue(clock, {
      added: () => seen.push('added'),
      retried: () => seen.push('retried'),
      waited: (ms) => seen.push(`waited ${ms}`),
      worked: (ms) => seen.push(`worked ${ms}`),
    })
    queue.add('a')
    await clock.advance(30)
    await queue.take()
    await clock.advance(40)
    assert.deepEqual(queue.processingMs(), [40])
    queue.done('a')
    assert.deepEqual(seen, ['added', 'waited 30', 'worked 40'])
  })
})
