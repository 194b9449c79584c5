import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { IdBatch } from './id-batch.ts'
import { Snowflake } from './snowflake.ts'
import { DEFAULT_EPOCH_MS, snowflakeLayout } from './snowflake-layout.ts'
import { TagCursor } from './tag-cursor.ts'
import { canonicalLayout, decodeOfLayout, layoutEndMs, type TagLayout } from './tag-layout.ts'

const T = Date.UTC(2026, 5, 1)
const SAFE = canonicalLayout('53-bit')

function granted({
  layout = SAFE,
  dc = 2,
  worker = 200,
  fromMs = T,
  untilMs = T + 30_000,
  borrowMaxMs = 20,
} = {}) {
  let monotonicMs = 0
  const holder = new Snowflake({
    layout: snowflakeLayout(DEFAULT_EPOCH_MS),
    seed: 1,
    monotonicMs: () => monotonicMs,
  })
  holder.install({ dc, worker, fromMs, untilMs })
  const cursor = new TagCursor({ holder, layout, borrowMaxMs, seed: 3 })
  return { holder, cursor, later: (ms: number) => void (monotonicMs += ms) }
}

function take(cursor: TagCursor, count: number, nowMs: number, layout: TagLayout = SAFE) {
  const batch = new IdBatch()
  cursor.take(count, nowMs, batch)
  return Array.from({ length: batch.runCount }, (_, run) => {
    const decoded = decodeOfLayout(layout, { hi: batch.runHi(run), lo: batch.runLo(run) })
    assert.ok(decoded !== undefined)
    return { ...decoded, count: batch.runLength(run) }
  })
}

describe('cursor of a tag with a layout of its own', () => {
  test('stamps the unit that the clock is in, with the worker id of the window', () => {
    const { cursor } = granted()
    const [run] = take(cursor, 1, T + 14)
    assert.equal(run?.timeMs, T + 10)
    assert.deepEqual([run?.dc, run?.worker], [2, 200])
  })

  test('a run ends with its unit, the next unit is borrowed, and beyond the limit a take waits', () => {
    const { cursor } = granted()
    const runs = take(cursor, 1000, T)
    assert.deepEqual(
      runs.map(({ timeMs }) => timeMs - T),
      [0, 10, 20],
    )
    assert.deepEqual(
      runs.slice(1).map(({ count }) => count),
      [16, 16],
    )
    assert.deepEqual(cursor.shortage(T), { kind: 'wait', ms: 10 })
    assert.equal(cursor.fault(T), undefined)
    assert.equal(take(cursor, 1, T + 10).length, 1)
  })

  test('a unit that began before the window is not stamped, and one that ends after it is', () => {
    const { cursor, holder } = granted({ fromMs: T + 1, untilMs: T + 21, borrowMaxMs: 25 })
    assert.deepEqual(
      take(cursor, 1000, T + 9).map(({ timeMs }) => timeMs - T),
      [10, 20],
    )
    assert.equal(holder.firstUnusedMs(), T + 21)
    assert.deepEqual(cursor.shortage(T + 9), { kind: 'refill' })
  })

  test('beyond the borrow limit it waits, also where the window ends before: no extension would help', () => {
    const layout = { ...SAFE, unitMs: 1000, timeBits: 32 }
    const { cursor } = granted({ layout, borrowMaxMs: 1500, untilMs: T + 2000 })
    assert.equal(take(cursor, 1000, T, layout).length, 2)
    assert.deepEqual(cursor.shortage(T), { kind: 'wait', ms: 500 })
    assert.deepEqual(cursor.shortage(T + 500), { kind: 'refill' })
  })

  test('what it stamps is not handed on by a release, whatever the process itself stamps', () => {
    const { cursor, holder } = granted({ borrowMaxMs: 1000 })
    take(cursor, 1000, T)
    const unusedMs = holder.firstUnusedMs()
    assert.equal(unusedMs, T + 621)
    holder.take(1, T + 1, new IdBatch())
    assert.equal(holder.firstUnusedMs(), unusedMs)
    holder.revoke('gone')
    assert.equal(holder.firstUnusedMs(), unusedMs)
    assert.deepEqual(take(cursor, 1, T + 1000), [])
  })

  test('nothing is left of a unit when the window is another one', () => {
    const { cursor, holder } = granted()
    take(cursor, 1, T)
    holder.install({ dc: 2, worker: 7, fromMs: T, untilMs: T + 1000 })
    const [run] = take(cursor, 1, T)
    assert.deepEqual([run?.worker, run?.timeMs], [7, T + 10])
  })

  test('a lease that ended ends it, and a renewal lets it go on', () => {
    const { cursor, holder, later } = granted()
    holder.leaseUntil(100)
    later(100)
    assert.deepEqual(take(cursor, 1, T), [])
    assert.deepEqual(cursor.shortage(T), { kind: 'refill' })
    holder.refused('etcd is away')
    const shortage = cursor.shortage(T)
    assert.ok(shortage.kind === 'failed' && shortage.code === 'IDGEN_WORKER_UNAVAILABLE')
    assert.match(shortage.message, /etcd is away/)
    holder.leaseUntil(200)
    assert.equal(take(cursor, 1, T).length, 1)
  })

  for (const [name, dcBits, dc] of [
    ['a data centre', 1, 2],
    ['any data centre but 0', 0, 1],
  ] as const)
    test(`${name} that does not fit is refused, never cut off`, () => {
      const layout = { ...SAFE, dcBits }
      const { cursor } = granted({ layout, dc })
      assert.deepEqual(take(cursor, 1, T, layout), [])
      const shortage = cursor.shortage(T)
      assert.ok(shortage.kind === 'failed' && shortage.code === 'IDGEN_WORKER_UNAVAILABLE')
      assert.match(
        shortage.message,
        new RegExp(`${dcBits} bits for the data centre .* few for ${dc} and 200`),
      )
    })

  test('a worker id that does not fit is refused as well', () => {
    const layout = { ...SAFE, workerBits: 7 }
    const { cursor } = granted({ layout })
    assert.deepEqual(take(cursor, 1, T, layout), [])
    assert.match(cursor.fault(T) ?? '', /7 for the worker, too few/)
  })

  test('at its last date it refuses, and does not begin anew', () => {
    const layout = { ...SAFE, unitMs: 1, timeBits: 37, epochMs: 0 }
    const endMs = layoutEndMs(layout)
    const holder = { ...open(), currentGrant: () => ({ dc: 0, worker: 1, fromMs: 0, untilMs: endMs + 1000 }) }
    const cursor = new TagCursor({ holder, layout, borrowMaxMs: 0, seed: 1 })
    assert.equal(take(cursor, 1, endMs - 1, layout)[0]?.timeMs, endMs - 1)
    assert.deepEqual(take(cursor, 1, endMs, layout), [])
    const shortage = cursor.shortage(endMs)
    assert.ok(shortage.kind === 'failed' && shortage.code === 'IDGEN_LAYOUT_EXHAUSTED')
  })

  test('before its epoch it refuses and says when that is', () => {
    const layout = { ...SAFE, epochMs: T + 10_000 }
    const { cursor } = granted({ layout })
    assert.deepEqual(take(cursor, 1, T, layout), [])
    const shortage = cursor.shortage(T)
    assert.ok(shortage.kind === 'failed' && shortage.code === 'IDGEN_CLOCK_UNUSABLE')
    assert.match(shortage.message, new RegExp(`layout begins at Unix ms ${T + 10_000}`))
  })

  test('a clock that steps back by up to a second is bridged, and more is refused', () => {
    const { cursor } = granted()
    const [before] = take(cursor, 1, T + 5000)
    const [after] = take(cursor, 1, T + 4000)
    assert.ok(before !== undefined && after !== undefined && after.timeMs >= before.timeMs)
    assert.deepEqual(take(cursor, 1, T + 3999), [])
    const shortage = cursor.shortage(T + 3999)
    assert.ok(shortage.kind === 'failed' && shortage.code === 'IDGEN_CLOCK_UNUSABLE')
  })

  test('a closed one gives nothing, ever', () => {
    const { cursor } = granted()
    cursor.close()
    assert.deepEqual(take(cursor, 1, T), [])
    assert.equal(cursor.shortage(T).kind, 'failed')
  })
})

function open() {
  return { holds: 1, lentMs: 0, lend() {}, leaseEnded: () => false, refusal: undefined }
}
