import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { RunQueue } from './run-queue.ts'

const NOW = { processId: 1, wallMs: 0, monotonicMs: 0 }
const LATER = { processId: 2, wallMs: 0, monotonicMs: 0 }

/** What happens to a queue: a block comes, IDs are taken singly or in bulk, or all is dropped. */
const step = fc.oneof(
  fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 4 }).map((put) => ({ put })),
  fc.integer({ min: 1, max: 30 }).map((single) => ({ single })),
  fc.integer({ min: 1, max: 30 }).map((bulk) => ({ bulk })),
  fc.constant({ foreign: true }),
  fc.constant({ drop: true }),
)

test('every ID leaves once, in order, and the counts are right, whatever is done', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const queue = new RunQueue()
      const given: bigint[] = []
      let model: bigint[] = []
      let next = 10n
      for (const now of steps) {
        if ('put' in now) {
          const runs = now.put.map((count) => {
            const first = next
            // A gap, so that a cursor that runs over the end of a run is seen.
            next += BigInt(count + 3)
            return { first, count }
          })
          queue.put({ runs, texts: [], algorithm: 'segment', degraded: false }, NOW)
          for (const { first, count } of runs)
            for (let i = 0; i < count; i += 1) model.push(first + BigInt(i))
        } else if ('single' in now) {
          for (let i = 0; i < now.single; i += 1) {
            queue.look(NOW, 1000, 1)
            if (queue.offset >= queue.limit) break
            given.push(queue.first + BigInt(queue.offset))
            queue.offset += 1
            assert.equal(given.at(-1), model.shift())
          }
        } else if ('bulk' in now) {
          const count = queue.chunk(now.bulk)
          for (let i = 0; i < count; i += 1) {
            given.push(queue.first + BigInt(queue.offset + i))
            assert.equal(given.at(-1), model.shift())
          }
          queue.offset += count
        } else {
          if ('drop' in now) queue.drop()
          else queue.look(LATER, 1000, 1)
          model = []
        }
        assert.equal(queue.left, model.length)
        assert.equal(queue.taken, given.length)
      }
      assert.equal(new Set(given).size, given.length)
    }),
  )
})
