import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { batchNumbers } from '../../test/fixtures/batch-numbers.ts'
import { IdBatch } from './id-batch.ts'
import { SegmentBuffer } from './segment-buffer.ts'
import { Snowflake } from './snowflake.ts'
import { DEFAULT_EPOCH_MS, snowflakeLayout } from './snowflake-layout.ts'
import { packSubBlock, SHARE_LIFE_MS, SubBlock } from './sub-block.ts'

const T = Date.UTC(2026, 5, 1)
const THREADS = 3

const thread = fc.nat({ max: THREADS - 1 })
const count = fc.integer({ min: 1, max: 3000 })
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('lend' as const), thread, count }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('take' as const), thread, count }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('main' as const), count }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.integer({ min: -500, max: 800 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('copy' as const), thread }) },
)

for (const algorithm of ['segment', 'snowflake'] as const)
  test(`${algorithm}: the main thread and ${THREADS} others that share, burn and lose blocks give no ID twice, each in order`, () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
        const source = algorithm === 'segment' ? segments() : stamps()
        const blocks: SubBlock[][] = Array.from({ length: THREADS }, () => [])
        const seen = new Set<bigint>()
        const last = Array.from({ length: THREADS + 1 }, () => -1n)
        let nowMs = T
        const note = (who: number, batch: IdBatch): void => {
          for (const id of batchNumbers(batch)) {
            assert.ok(!seen.has(id), `${id} twice`)
            assert.ok(id > (last[who] ?? 0n), 'IDs of one thread increase')
            seen.add(id)
            last[who] = id
          }
        }
        for (const now of steps) {
          if (now.kind === 'pass') {
            nowMs += now.ms
            continue
          }
          const batch = new IdBatch()
          batch.algorithm = algorithm
          if (now.kind === 'main') {
            source.take(now.count, nowMs, batch)
            note(THREADS, batch)
            continue
          }
          const held = blocks[now.thread] ?? []
          const owner = `1/boot/${now.thread}`
          if (now.kind === 'lend') {
            source.take(now.count, nowMs, batch)
            held.push(new SubBlock(structuredClone(packSubBlock(batch, owner, nowMs)), owner))
          } else if (now.kind === 'take') {
            for (const block of held) block.take(now.count - batch.count, owner, nowMs, batch)
            note(now.thread, batch)
          } else {
            // A copy of the thread's memory, in another process, goes on with all it holds.
            for (const block of held) assert.equal(block.take(1, `2/boot/${now.thread}`, nowMs, batch), 0)
          }
        }
      }),
      { numRuns: 60 },
    )
  })

test('whatever the portions, a block gives exactly what was packed', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 1, maxLength: 30 }),
      fc.integer({ min: 1, max: 20_000 }),
      (portions, size) => {
        const packed = new IdBatch()
        packed.algorithm = 'snowflake'
        stamps().take(size, T, packed)
        const block = new SubBlock(packSubBlock(packed, 'me', T), 'me')
        const out = new IdBatch()
        for (const portion of portions) {
          const before = block.remaining
          assert.equal(block.take(portion, 'me', T + SHARE_LIFE_MS / 2, out), Math.min(portion, before))
        }
        assert.deepEqual(batchNumbers(out), batchNumbers(packed).slice(0, out.count))
      },
    ),
    { numRuns: 30 },
  )
})

/** Near 2^32, where the lower half of the numbers carries. */
function segments(): SegmentBuffer {
  const buffer = new SegmentBuffer({ step: { base: 1000, min: 1, max: 1000 } })
  for (let i = 0; i < 200; i += 1) {
    const lo = 2 ** 32 - 50_000 + i * 1500
    buffer.install({ lo, hi: lo + 1000 }, T)
  }
  return buffer
}

function stamps(): Snowflake {
  const snowflake = new Snowflake({ layout: snowflakeLayout(DEFAULT_EPOCH_MS), seed: 7 })
  snowflake.install({ dc: 1, worker: 2, fromMs: T - 5000, untilMs: T + 3_600_000 })
  return snowflake
}
