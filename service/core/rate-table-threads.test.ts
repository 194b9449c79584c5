import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import type { RateThreadOrders } from '../../test/fixtures/rate-thread.ts'
import { newRateMemory } from './rate-table.ts'

const PROGRAM = new URL('../../test/fixtures/rate-thread.ts', import.meta.url)
const PER_SECOND = 2000
const UNTIL_MS = 2000
/** Taken at once of a bucket that is not yet empty; and a thread that was held up asks with a time that is over. */
const MOST = PER_SECOND + (PER_SECOND * UNTIL_MS) / 1000

for (const { threads, wanted } of [
  { threads: 2, wanted: 1 },
  { threads: 3, wanted: 3 },
])
  test(`${threads} threads that ask for more than the limit get it together, not more and not less`, async () => {
    const orders: RateThreadOrders = {
      memory: newRateMemory(64, [7, 9]),
      time: new SharedArrayBuffer(4),
      perSecond: PER_SECOND,
      untilMs: UNTIL_MS,
      // Many, in a small table: claiming a slot is what threads meet at.
      names: Array.from({ length: 12 }, (_, i) => `name ${i}`),
      wanted,
    }
    const started = Array.from({ length: threads }, () => new Worker(PROGRAM, { workerData: orders }))
    const answers = await Promise.all(started.map((worker) => once(worker, 'message')))
    await Promise.all(started.map((worker) => worker.terminate()))
    const taken = answers.map(([counts]) => counts as readonly number[])
    for (const [i, name] of orders.names.entries()) {
      const sum = taken.reduce((all, counts) => all + (counts[i] ?? 0), 0)
      assert.ok(sum <= MOST, `${name}: ${sum} passed, at most ${MOST} may`)
      // The last millisecond may bring a request that nobody asks for any more.
      assert.ok(sum >= MOST - PER_SECOND / 1000 - wanted, `${name}: only ${sum} of ${MOST} passed`)
    }
  })
