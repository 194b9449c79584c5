import assert from 'node:assert/strict'
import { test } from 'node:test'
import { settle } from '../../test/fixtures/settle.ts'
import { MemoryClock } from '../adapters/memory/memory-clock.ts'
import { PathQueue } from './path-queue.ts'

/** A queue whose work waits until the test lets it end, well or badly. */
function opened() {
  const clock = new MemoryClock()
  const running = new Map<string, PromiseWithResolvers<void>>()
  const begun: string[] = []
  const failures: { path: string; again: boolean }[] = []
  const queue = new PathQueue({
    clock,
    work: (path) => {
      begun.push(path)
      const work = Promise.withResolvers<void>()
      running.set(path, work)
      return work.promise
    },
    onFailure: (path, _thrown, again) => failures.push({ path, again }),
  })
  const end = async (path: string, failure?: Error) => {
    const work = running.get(path)
    running.delete(path)
    if (failure === undefined) work?.resolve()
    else work?.reject(failure)
    await settle(1)
  }
  return { queue, clock, begun, failures, running, end }
}

test('a name that is added often while it waits is worked on once', async () => {
  const { queue, begun, end } = opened()
  for (const path of ['a', 'b', 'c', 'd']) queue.add(path)
  for (let i = 0; i < 10; i += 1) queue.add('e')
  assert.deepEqual(begun, ['a', 'b', 'c', 'd'], 'four at a time')
  await end('a')
  assert.deepEqual(begun.splice(4), ['e'])
  for (const path of ['b', 'c', 'd', 'e']) await end(path)
  await queue.settled()
  assert.equal(begun.length, 4)
})

test('a name that is added while it is worked on is looked at once more', async () => {
  const { queue, begun, end } = opened()
  queue.add('a')
  queue.add('a')
  queue.add('a')
  assert.deepEqual(begun, ['a'])
  await end('a')
  assert.deepEqual(begun, ['a', 'a'])
  await end('a')
  await queue.settled()
  assert.equal(begun.length, 2)
})

test('a failure is tried again after pauses that double, and given up in the end', async () => {
  const { queue, clock, begun, failures, end } = opened()
  queue.add('a')
  const pauses = [250, 500, 1000, 2000, 4000, 8000]
  for (const pause of pauses) {
    await end('a', new Error('no'))
    clock.advance(pause - 1)
    const before = begun.length
    clock.advance(1)
    assert.equal(begun.length, before + 1)
  }
  await end('a', new Error('no'))
  assert.deepEqual(
    failures.map(({ again }) => again),
    [...pauses.map(() => true), false],
  )
  clock.advance(100_000)
  assert.equal(begun.length, 7)
  queue.add('a')
  await end('a', new Error('no'))
  assert.equal(failures.at(-1)?.again, true, 'asked for anew, it is tried anew')
})

test('what happens to a name while it pauses is looked at now, and its pauses begin anew', async () => {
  const { queue, clock, begun, end } = opened()
  queue.add('a')
  for (const pause of [250, 500]) {
    await end('a', new Error('no'))
    clock.advance(pause)
  }
  await end('a', new Error('no'))
  queue.add('a')
  assert.equal(begun.length, 4, 'without a pause')
  await end('a', new Error('no'))
  clock.advance(250)
  assert.equal(begun.length, 5)
})

test('settled does not wait for a pause, and stop ends it', async () => {
  const { queue, clock, begun, end } = opened()
  queue.add('a')
  await end('a', new Error('no'))
  await queue.settled()
  assert.equal(clock.pending, 1)
  await queue.stop()
  assert.equal(clock.pending, 0)
  assert.equal(queue.add('b'), false)
  assert.deepEqual(begun, ['a'])
})

test('stop waits for what runs, forgets what waits and pauses nothing after it', async () => {
  const { queue, clock, begun, failures, end } = opened()
  for (const path of ['a', 'b', 'c', 'd', 'e']) queue.add(path)
  let stopped = false
  const stopping = queue.stop().then(() => (stopped = true))
  for (const path of ['a', 'b', 'c']) await end(path)
  assert.equal(stopped, false)
  await end('d', new Error('no'))
  await stopping
  assert.deepEqual([begun.length, clock.pending, failures[0]?.again], [4, 0, false])
})

test('it takes so many names and no more, and one that waits already is never too many', async () => {
  const { queue } = opened()
  let taken = 0
  for (let i = 0; queue.add(`p${i}`); i += 1) taken += 1
  assert.equal(taken, 100_004, 'waiting and running')
  assert.equal(queue.add('p50'), true)
})
