import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { IdBatch } from './id-batch.ts'
import { decodeUuid, uuidText } from './uuid-text.ts'
import { UuidV7 } from './uuid-v7.ts'

test('whatever the clock and the randomness do: strictly increasing, valid, never before the clock', () => {
  const call = fc.record({
    move: fc.integer({ min: -2000, max: 2000 }),
    count: fc.integer({ min: 1, max: 40 }),
    drop: fc.boolean(),
  })
  fc.assert(
    fc.property(
      fc.array(call, { maxLength: 30, size: 'max' }),
      fc.infiniteStream(fc.nat(255)),
      (calls, noise) => {
        const uuid = new UuidV7((bytes) => {
          for (let i = 0; i < bytes.length; i++) bytes[i] = (i * 31 + (noise.next().value ?? 0)) & 0xff
        })
        let nowMs = 1_800_000_000_000
        let last = ''
        for (const { move, count, drop } of calls) {
          nowMs += move
          if (drop) uuid.dropPool()
          const batch = new IdBatch()
          uuid.take(count, nowMs, batch)
          for (let i = 0; i < count; i++) {
            const text = uuidText(batch.uuidBytes(), i * 16)
            assert.ok(text > last)
            assert.ok((decodeUuid(text)?.timeMs ?? 0) >= nowMs)
            last = text
          }
        }
      },
    ),
    { numRuns: 50 },
  )
})
