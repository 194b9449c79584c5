import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { batchNumbers } from '../../test/fixtures/batch-numbers.ts'
import type { SegmentGrant } from './grant.ts'
import { IdBatch } from './id-batch.ts'
import { SegmentBuffer } from './segment-buffer.ts'

const T = Date.UTC(2026, 5, 1)
const bounds = { base: 100, min: 10, max: 10_000 }

function filled(...grants: SegmentGrant[]): SegmentBuffer {
  const buffer = new SegmentBuffer({ step: bounds })
  for (const grant of grants) buffer.install(grant, T)
  return buffer
}

/** First and last of the run; undefined: none was to be had. */
function run(buffer: SegmentBuffer, count: number): [bigint, bigint] | undefined {
  const batch = new IdBatch()
  if (!buffer.takeRun(count, T, batch)) {
    assert.equal(batch.count, 0)
    return undefined
  }
  assert.deepEqual([batch.runCount, batch.count], [1, count])
  const numbers = batchNumbers(batch)
  return [numbers[0] ?? -1n, numbers.at(-1) ?? -1n]
}

describe('runs of consecutive numbers', () => {
  test('follow on what was issued before', () => {
    const buffer = filled({ lo: 1, hi: 101 })
    assert.deepEqual(
      [run(buffer, 10), run(buffer, 1), run(buffer, 89)],
      [
        [1n, 10n],
        [11n, 11n],
        [12n, 100n],
      ],
    )
    assert.deepEqual(buffer.stats(), { issued: 100, granted: 100 })
  })

  test('that do not fit the current segment begin in the first that is long enough', () => {
    const buffer = filled({ lo: 1, hi: 11 }, { lo: 50, hi: 55 }, { lo: 100, hi: 200 })
    assert.deepEqual(run(buffer, 8), [1n, 8n])
    assert.deepEqual(run(buffer, 20), [100n, 119n])
    assert.deepEqual(run(buffer, 3), [120n, 122n], 'what was passed over is burnt')
  })

  test('that fit nowhere spend nothing and ask for a segment of their size', () => {
    const buffer = filled({ lo: 1, hi: 101 }, { lo: 101, hi: 201 })
    assert.equal(buffer.refillStep(T, 0), 0)
    assert.equal(run(buffer, 5000), undefined)
    assert.equal(buffer.left, 200)
    assert.deepEqual(buffer.runShortage(), { kind: 'refill' })
    assert.equal(buffer.refillStep(T, 0), 5000)
    buffer.install({ lo: 1000, hi: 6000 }, T)
    assert.equal(buffer.refillStep(T, 0), 0, 'once it is there no further one is wanted')
    assert.deepEqual(run(buffer, 5000), [1000n, 5999n])
  })

  test('that wait for a store that refused are told so, while single numbers go on', () => {
    const buffer = filled({ lo: 1, hi: 101 })
    assert.equal(run(buffer, 500), undefined)
    buffer.refused('IDGEN_STORE_UNAVAILABLE', 'away', T)
    assert.deepEqual(buffer.runShortage(), {
      kind: 'failed',
      code: 'IDGEN_STORE_UNAVAILABLE',
      message: 'away',
    })
    assert.deepEqual(buffer.shortage(), { kind: 'refill' })
    assert.deepEqual(run(buffer, 100), [1n, 100n])
  })

  test('are not to be had of a drained buffer', () => {
    const buffer = filled({ lo: 1, hi: 101 })
    buffer.drain()
    assert.equal(run(buffer, 1), undefined)
    assert.equal(buffer.runShortage().kind, 'failed')
  })

  test('that nobody waited for to the end do not fill the memory with segments', () => {
    const buffer = filled({ lo: 0, hi: 1 })
    for (let i = 1; i <= 1000; i += 1) {
      assert.equal(run(buffer, 200 + i), undefined)
      buffer.install({ lo: i * 10_000, hi: i * 10_000 + 200 }, T)
    }
    assert.ok(buffer.left <= 10 * 200, `${buffer.left} numbers in memory`)
  })

  test('whatever is asked, nothing is issued twice, out of order or outside of a grant', () => {
    const grants = fc.array(fc.record({ gap: fc.nat(5), length: fc.integer({ min: 1, max: 30 }) }), {
      maxLength: 20,
    })
    const asked = fc.array(fc.record({ whole: fc.boolean(), count: fc.integer({ min: 1, max: 25 }) }))
    fc.assert(
      fc.property(grants, asked, (lengths, takes) => {
        const buffer = new SegmentBuffer({ step: bounds })
        const granted = new Set<bigint>()
        let at = 0
        const waiting = lengths.map(({ gap, length }) => {
          const lo = at + gap
          at = lo + length
          return { lo, hi: at }
        })
        let last = -1n
        for (const { whole, count } of takes) {
          const grant = waiting.shift()
          if (grant !== undefined) {
            buffer.install(grant, T)
            for (let n = grant.lo; n < grant.hi; n += 1) granted.add(BigInt(n))
          }
          const batch = new IdBatch()
          if (whole) buffer.takeRun(count, T, batch)
          else buffer.take(count, T, batch)
          for (const number of batchNumbers(batch)) {
            assert.ok(number > last && granted.has(number))
            last = number
          }
        }
      }),
    )
  })
})
