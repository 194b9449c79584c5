import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { RingBuffer } from './ring-buffer.ts'

test('it behaves like a plain array of limited length', () => {
  const operation = fc.record({
    kind: fc.constantFrom('push', 'pop', 'clear', 'attach'),
    n: fc.integer({ min: 1, max: 20 }),
  })
  const shape = fc.record({
    slots: fc.constantFrom(1, 2, 4, 16),
    slotWords: fc.integer({ min: 1, max: 4 }),
    start: fc.constantFrom(0, 2 ** 31 - 5, 2 ** 32 - 5),
  })
  fc.assert(
    fc.property(shape, fc.array(operation, { maxLength: 100, size: 'max' }), (options, operations) => {
      let ring = startedAt(options.start, options)
      const model: number[][] = []
      let next = 0
      for (const { kind, n } of operations) {
        if (kind === 'attach') ring = RingBuffer.attach(ring.shared)
        if (kind === 'clear') assert.equal(ring.clear(), model.splice(0).length)
        if (kind === 'push') {
          const slots = Array.from({ length: n }, () =>
            Array.from({ length: options.slotWords }, () => next++),
          )
          const pushed = ring.push(Uint32Array.from(slots.flat()), n)
          assert.equal(pushed, Math.min(n, options.slots - model.length))
          model.push(...slots.slice(0, pushed))
        }
        if (kind === 'pop') {
          const out = new Uint32Array(n * options.slotWords)
          const popped = ring.pop(out, n)
          assert.equal(popped, Math.min(n, model.length))
          assert.deepEqual([...out.subarray(0, popped * options.slotWords)], model.splice(0, popped).flat())
        }
        assert.equal(ring.size, model.length)
        assert.equal(ring.needsRefill(), model.length <= options.slots >>> 1)
      }
    }),
    { numRuns: 300 },
  )
})

test('however the steps of producer and consumer interleave, every slot arrives once and in order', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.scheduler(),
      fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 12 }),
      fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 12 }),
      async (scheduler, pushes, pops) => {
        const made = RingBuffer.create({ slots: 4, slotWords: 2 })
        const producer = RingBuffer.attach(made.shared)
        const consumer = RingBuffer.attach(made.shared)
        let sent = 0
        const received: number[] = []
        scheduler.scheduleSequence(
          pushes.map((n) => async () => {
            const words = Uint32Array.from({ length: n * 2 }, (_, i) => sent + (i >>> 1))
            sent += producer.push(words, n)
          }),
        )
        scheduler.scheduleSequence(
          pops.map((n) => async () => {
            const out = new Uint32Array(n * 2)
            const popped = consumer.pop(out, n)
            for (let i = 0; i < popped; i++) {
              assert.equal(out[2 * i], out[2 * i + 1], 'a slot is whole')
              received.push(out[2 * i] ?? -1)
            }
          }),
        )
        await scheduler.waitIdle()
        const rest = new Uint32Array(8)
        const left = consumer.pop(rest, 4)
        for (let i = 0; i < left; i++) received.push(rest[2 * i] ?? -1)
        assert.deepEqual(
          received,
          Array.from({ length: sent }, (_, i) => i),
        )
      },
    ),
    { numRuns: 200 },
  )
})

/** A ring whose positions already stand at `start`, so that the wraps at 2^31 and 2^32 are met. */
function startedAt(start: number, options: { slots: number; slotWords: number }): RingBuffer {
  const made = RingBuffer.create(options)
  const header = new Int32Array(made.shared)
  header[16] = start | 0
  header[32] = start | 0
  return RingBuffer.attach(made.shared)
}
