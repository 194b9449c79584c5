// Runs alone: both threads spin, and meet most often where each has a core.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { RingBuffer } from '../../service/core/ring-buffer.ts'

/** Enough for the positions to go round the small ring 625,000 times; well under two seconds on two cores. */
const SLOTS_SENT = 5_000_000
/** A lost slot would make the consumer, which holds this thread, spin for ever: it looks at the time itself. */
const GIVE_UP_MS = 30_000

test('two threads, one ring of 8 slots: every slot arrives once, whole and in order', {
  timeout: GIVE_UP_MS,
}, async () => {
  const ring = RingBuffer.create({ slots: 8, slotWords: 4 })
  const url = new URL('../../service/core/ring-buffer.ts', import.meta.url)
  const producer = new Worker(producerCode(url.href), {
    eval: true,
    workerData: { shared: ring.shared, count: SLOTS_SENT },
  })
  try {
    const done = once(producer, 'exit')
    await once(producer, 'online')
    assert.equal(consume(ring), SLOTS_SENT)
    await done
    assert.equal(ring.size, 0)
    const { hits } = ring.stats()
    assert.equal(hits, SLOTS_SENT)
  } finally {
    await producer.terminate()
  }
})

/** Pops in varying portions; spins while the ring is empty, since the producer runs in a thread of its own. */
function consume(ring: RingBuffer): number {
  const out = new Uint32Array(4 * 5)
  const endsAtMs = performance.now() + GIVE_UP_MS
  let expected = 0
  while (expected < SLOTS_SENT) {
    const popped = ring.pop(out, 1 + (expected % 5))
    if (popped === 0 && performance.now() > endsAtMs) assert.fail(`nothing after slot ${expected}`)
    for (let slot = 0; slot < popped; slot++, expected++)
      for (let word = 0; word < 4; word++)
        if (out[slot * 4 + word] !== (expected ^ word))
          assert.fail(`slot ${expected} arrived torn or out of order`)
  }
  return expected
}

function producerCode(moduleUrl: string): string {
  return `
    const { workerData } = require('node:worker_threads')
    import(${JSON.stringify(moduleUrl)}).then(({ RingBuffer }) => {
      const ring = RingBuffer.attach(workerData.shared)
      const words = new Uint32Array(4 * 3)
      for (let sent = 0; sent < workerData.count; ) {
        const n = Math.min(1 + (sent % 3), workerData.count - sent)
        for (let slot = 0; slot < n; slot++)
          for (let word = 0; word < 4; word++) words[slot * 4 + word] = (sent + slot) ^ word
        sent += ring.push(words, n)
      }
    })
  `
}
