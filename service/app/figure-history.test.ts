import assert from 'node:assert/strict'
import { test } from 'node:test'
import { settle } from '../../test/fixtures/settle.ts'
import { MemoryClock } from '../adapters/memory/memory-clock.ts'
import { NO_DURATIONS } from '../core/duration-histogram.ts'
import { FigureHistory } from './figure-history.ts'
import type { Figures } from './live-figures.ts'

const ZERO = {
  ids: 0,
  requests: 0,
  failures: 0,
  refusals: 0,
  durations: NO_DURATIONS,
  waiting: 0,
  tags: 0,
  degradedTags: 0,
  rangeUsedMost: 0,
  rangeAlerts: 0,
}

test('counters become rates between looks, and five minutes of them are kept', async () => {
  const clock = new MemoryClock()
  let ids = 0
  const history = new FigureHistory((): Figures => ({ ...ZERO, atMs: clock.nowMs(), ids }), clock)
  history.start()
  assert.deepEqual(history.curve('5m')?.intervals, [])
  for (let look = 0; look < 200; look += 1) {
    ids += 100 * look
    clock.advance(2000)
    await settle()
  }
  const intervals = history.curve('5m')?.intervals ?? []
  assert.equal(intervals.length, 150)
  assert.equal(intervals.at(-1)?.did?.ids, (100 * 199) / 2)
  assert.equal(intervals[0]?.did?.ids, (100 * 50) / 2)
  // 200 looks of two seconds are 13 steps of half a minute and a part of one; the first has the looks 0 to 14.
  const hour = history.curve('1h')?.intervals ?? []
  assert.equal(hour.length, 14)
  assert.equal(hour[0]?.did?.ids, (100 * (14 * 15)) / 2 / 30)
  assert.equal(history.curve('24h')?.intervals.length, 1)
  await history.stop()
})
