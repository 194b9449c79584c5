import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { batchNumbers } from '../../test/fixtures/batch-numbers.ts'
import { IdBatch } from './id-batch.ts'
import { Snowflake } from './snowflake.ts'
import { DEFAULT_EPOCH_MS, snowflakeLayout } from './snowflake-layout.ts'

const layout = snowflakeLayout(DEFAULT_EPOCH_MS)
const T = Date.UTC(2026, 5, 1)
const HOUR = 3_600_000
const DAY = 24 * HOUR

describe('clock rollback (R-1.3.3)', () => {
  for (const back of [1, 4])
    test(`trap 10: back ${back} ms: waits exactly that long, then goes on`, () => {
      const snowflake = stampedAt(T)
      assert.deepEqual(take(snowflake, 1, T - back), [])
      assert.deepEqual(snowflake.shortage(T - back), { kind: 'wait', ms: back })
      assert.equal(snowflake.fault(T - back), undefined)
      assert.equal(take(snowflake, 1, T).length, 1)
      assert.equal(snowflake.counters().rollbacksWaited, 1)
    })

  for (const back of [5, 6, 999, 1000])
    test(`trap 10: back ${back} ms: the logical clock goes on, above every ID before`, () => {
      const snowflake = stampedAt(T)
      const before = take(snowflake, 1, T)
      const after = take(snowflake, 2000, T - back)
      assert.equal(after.length, 2000)
      assertAscending([...before, ...after])
      assert.equal(snowflake.counters().rollbacksBridged, 1)
      assert.equal(snowflake.fault(T - back), undefined)
    })

  for (const [name, back] of [
    ['1001 ms', 1001],
    ['2 s', 2000],
    ['a day', DAY],
  ] as const)
    test(`trap 10: back ${name}: refused, and well again once the clock caught up`, () => {
      const snowflake = stampedAt(T)
      assert.deepEqual(take(snowflake, 1, T - back), [])
      const shortage = snowflake.shortage(T - back)
      assert.ok(shortage.kind === 'failed' && shortage.code === 'IDGEN_CLOCK_UNUSABLE')
      assert.ok(shortage.message.includes(`${back} ms before`))
      assert.equal(snowflake.fault(T - back), shortage.message)
      assert.equal(take(snowflake, 1, T + 1).length, 1)
      assert.equal(snowflake.counters().rollbacksRefused, 1)
    })

  test('forward an hour with a stamp in it, then back: refused', () => {
    const snowflake = stampedAt(T, T + DAY)
    const ahead = take(snowflake, 1, T + HOUR)
    assert.equal(ahead.length, 1)
    assert.deepEqual(take(snowflake, 1, T + 1), [])
    assert.equal(snowflake.shortage(T + 1).kind, 'failed')
  })

  test('forward an hour with no stamp in it, then back: harmless', () => {
    const snowflake = stampedAt(T, T + 30_000)
    assert.deepEqual(take(snowflake, 1, T + HOUR), [], 'the window ends before')
    assert.deepEqual(snowflake.shortage(T + HOUR), { kind: 'refill' })
    assert.equal(take(snowflake, 1, T + 1).length, 1)
    assert.deepEqual(snowflake.counters(), {
      borrowedMs: 0,
      rollbacksWaited: 0,
      rollbacksBridged: 0,
      rollbacksRefused: 0,
    })
  })

  test('borrowed milliseconds do not count as a clock that was seen', () => {
    const snowflake = stampedAt(T)
    take(snowflake, 500 * 1024, T)
    assert.equal(take(snowflake, 1, T).length, 1)
    assert.equal(snowflake.counters().rollbacksBridged, 0)
  })

  test('a bridged clock that runs out of borrowing waits until it has caught up, and not in vain', () => {
    const snowflake = stampedAt(T)
    const borrowed = take(snowflake, 2_000_000, T)
    const back = T - 300
    assert.deepEqual(take(snowflake, 1, back), [])
    assert.deepEqual(snowflake.shortage(back), { kind: 'wait', ms: 301 })
    const after = take(snowflake, 1, back + 301)
    assert.equal(after.length, 1)
    assertAscending([borrowed.at(-1) ?? 0n, ...after])
  })

  test('one rollback is counted once, however many takes fall into it', () => {
    const snowflake = stampedAt(T)
    for (let i = 0; i < 5; i++) take(snowflake, 1, T - 500 + i)
    take(snowflake, 1, T + 10)
    take(snowflake, 1, T - 10)
    assert.equal(snowflake.counters().rollbacksBridged, 2)
  })
})

function stampedAt(nowMs: number, untilMs = nowMs + 30_000): Snowflake {
  const snowflake = new Snowflake({ layout, seed: 7 })
  snowflake.install({ dc: 0, worker: 1, fromMs: nowMs - 1000, untilMs })
  assert.equal(take(snowflake, 1, nowMs).length, 1)
  return snowflake
}

function take(snowflake: Snowflake, count: number, nowMs: number): bigint[] {
  const batch = new IdBatch()
  snowflake.take(count, nowMs, batch)
  return batchNumbers(batch)
}

function assertAscending(ids: bigint[]): void {
  for (let i = 1; i < ids.length; i++) assert.ok((ids[i - 1] ?? 0n) < (ids[i] ?? 0n))
}
