import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rejectsWith } from '../../test/contracts/rejects-with.ts'
import { settle } from '../../test/fixtures/settle.ts'
import { MemoryClock } from '../adapters/memory/memory-clock.ts'
import { earliestTime } from './store-time.ts'

const away = async (): Promise<number> => {
  throw new Error('away')
}

test('the smallest time counts, in whole milliseconds, of the stores that answer', async () => {
  const clock = new MemoryClock()
  assert.equal(await earliestTime(clock, [async () => 2000.7, async () => 1000.9]), 1000)
  assert.equal(await earliestTime(clock, [away, async () => 2000]), 2000)
  const error = await rejectsWith('IDGEN_STORE_UNAVAILABLE', earliestTime(clock, [away, away]))
  assert.match(String(error.cause), /away/)
})

test('a store that hangs is waited for one second, and the time that passed is added to the other answer', async () => {
  const clock = new MemoryClock()
  const asked = earliestTime(clock, [async () => 5000, () => new Promise(() => {})])
  await settle()
  clock.advance(1000)
  assert.equal(await asked, 6000)
  assert.equal(clock.pending, 0)
})
