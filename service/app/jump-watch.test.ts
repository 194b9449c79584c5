import assert from 'node:assert/strict'
import { test } from 'node:test'
import { settle } from '../../test/fixtures/settle.ts'
import { MemoryClock } from '../adapters/memory/memory-clock.ts'
import { JumpWatch } from './jump-watch.ts'

test('a wall clock that moved without the monotonic one is noticed once, ordinary seconds are not', async () => {
  const clock = new MemoryClock()
  let jumps = 0
  const watch = new JumpWatch(clock, () => {
    jumps += 1
  })
  watch.start()
  for (let second = 0; second < 10; second += 1) {
    clock.advance(1000)
    await settle(2)
  }
  assert.equal(jumps, 0)
  clock.step(60_000)
  clock.advance(1000)
  await settle(2)
  clock.advance(1000)
  await settle(2)
  assert.equal(jumps, 1)
  await watch.stop()
  assert.equal(clock.pending, 0)
})

test('trap 18: a process that was not run for seconds is noticed', () => {
  const clock = new MemoryClock()
  let jumps = 0
  const watch = new JumpWatch(clock, () => {
    jumps += 1
  })
  clock.advance(10_000)
  watch.look()
  assert.equal(jumps, 1)
})
