import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { SystemClock } from './system-clock.ts'

test('all threads of a process have one monotonic time, which they count rates by', async () => {
  const clock = new SystemClock()
  const thread = new Worker(new URL('../../../test/fixtures/clock-thread.ts', import.meta.url))
  try {
    const beforeMs = clock.monotonicMs()
    thread.postMessage('now')
    const told: readonly unknown[] = await once(thread, 'message')
    const thereMs = Number(told[0])
    const afterMs = clock.monotonicMs()
    // Node gives all threads one origin; a version that began at 0 in each would show here.
    assert.ok(beforeMs <= thereMs && thereMs <= afterMs, `${thereMs} is not in ${beforeMs}…${afterMs}`)
  } finally {
    await thread.terminate()
  }
})
