import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sleep } from '../../ports/clock.ts'
import { MemoryClock } from './memory-clock.ts'
import { MemoryRandom } from './memory-random.ts'

test('alarms go off at their own time and in the order in which they were set', () => {
  const clock = new MemoryClock(1000)
  const log: string[] = []
  const note = (name: string) => () => void log.push(`${name}@${clock.nowMs()}`)
  clock.after(30, note('late'))
  clock.after(10, note('first'))
  clock.after(10, () => {
    note('second')()
    clock.after(5, note('set by second'))
  })
  clock.advance(20)
  assert.deepEqual(log, ['first@1010', 'second@1010', 'set by second@1015'])
  assert.deepEqual([clock.nowMs(), clock.monotonicMs(), clock.pending], [1020, 20, 1])
  clock.advance(10)
  assert.equal(log.at(-1), 'late@1030')
})

test('a disposed alarm stays silent, and disposing again does nothing', () => {
  const clock = new MemoryClock()
  let woken = 0
  const alarm = clock.after(1, () => {
    woken += 1
  })
  alarm[Symbol.dispose]()
  alarm[Symbol.dispose]()
  clock.advance(5)
  assert.equal(woken, 0)
})

test('a step moves the wall clock only', () => {
  const clock = new MemoryClock(5000)
  let woken = false
  clock.after(100, () => {
    woken = true
  })
  clock.step(-2000)
  assert.deepEqual([clock.nowMs(), clock.monotonicMs(), woken], [3000, 0, false])
  clock.step(86_400_000)
  assert.equal(woken, false)
})

test('a sleep ends with the clock or with its signal', async () => {
  const clock = new MemoryClock()
  const slept = sleep(clock, 50)
  clock.advance(50)
  await slept
  const stop = new AbortController()
  const stopped = sleep(clock, 1e9, stop.signal)
  stop.abort()
  await stopped
  assert.equal(clock.pending, 0)
})

test('the same seed gives the same bytes, another seed others', () => {
  const draw = (seed: number): string => {
    const bytes = new Uint8Array(64)
    new MemoryRandom(seed).fill(bytes)
    return Buffer.from(bytes).toString('hex')
  }
  assert.equal(draw(7), draw(7))
  assert.notEqual(draw(7), draw(8))
})
