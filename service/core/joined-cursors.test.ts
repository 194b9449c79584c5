import assert from 'node:assert/strict'
import { beforeEach, describe, test } from 'node:test'
import { batchNumbers } from '../../test/fixtures/batch-numbers.ts'
import { IdBatch } from './id-batch.ts'
import { JoinedCursors } from './joined-cursors.ts'
import { Snowflake } from './snowflake.ts'
import { DEFAULT_EPOCH_MS, decodeSnowflake, snowflakeLayout } from './snowflake-layout.ts'

const layout = snowflakeLayout(DEFAULT_EPOCH_MS)
const T = Date.UTC(2026, 5, 1)
const BORROWED_MS = 10

let cursors: readonly Snowflake[]
let joined: JoinedCursors

describe('worker ids used as one', () => {
  beforeEach(() => {
    cursors = [0, 1].map((seed) => new Snowflake({ layout, seed, borrowMaxMs: BORROWED_MS }))
    joined = new JoinedCursors(cursors)
    install(0, 90)
    install(1, 3)
  })

  test('each stamps a millisecond in turn, the lower worker id first', () => {
    const { stamps, numbers } = take(4096, T)
    assert.deepEqual(
      [...new Set(stamps.map(({ timeMs, worker }) => `${timeMs - T}/${worker}`))],
      ['0/3', '0/90', '1/3', '1/90', '2/3'],
    )
    assertIncreasing(numbers)
  })

  test('two give twice what one gives in a second of asking for more', () => {
    let issued = 0
    for (let ms = 0; ms < 1000; ms += 1) issued += joined.take(5000, T + ms, new IdBatch())
    // In the millisecond of the clock a sequence begins below 64; the last ones are borrowed.
    const most = 2 * 1024 * (1000 + BORROWED_MS)
    assert.ok(issued <= most && issued > most - 64 * 2, `${issued} of ${most}`)
    assert.ok(issued > 1_024_000 * 1.9)
  })

  for (const [lost, other] of [
    [0, 3],
    [1, 90],
  ] as const)
    test(`the others go on when one loses its worker id, above what it stamped: number ${lost}`, () => {
      const before = take(3000, T)
      cursors[lost]?.revoke('lost')
      assert.equal(joined.fault(T), undefined)
      const after = take(3000, T)
      assert.deepEqual([...new Set(after.stamps.map(({ worker }) => worker))], [other])
      assertIncreasing([...before.numbers, ...after.numbers])
      take(1024 * (BORROWED_MS + 2), T)
      assert.equal(joined.shortage(T).kind, 'wait', 'at the borrow limit it is not failed')
    })

  test('a new worker id begins above what the others stamped, however low it is', () => {
    cursors[1]?.revoke('lost')
    const before = take(3000, T)
    install(1, 2)
    const after = take(3000, T)
    assert.ok(after.stamps.some(({ worker }) => worker === 2))
    assertIncreasing([...before.numbers, ...after.numbers])
  })

  test('one whose lease has ended in the middle of its millisecond is passed by', () => {
    let nowMs = 0
    const leased = [0, 1].map((seed) => new Snowflake({ layout, seed, monotonicMs: () => nowMs }))
    cursors = leased
    joined = new JoinedCursors(leased)
    install(0, 3)
    install(1, 4)
    leased[0]?.leaseUntil(5)
    assert.equal(take(1, T).stamps[0]?.worker, 3)
    nowMs = 5
    assert.equal(take(1, T).stamps[0]?.worker, 4)
  })

  test('a millisecond that was entered and not stamped, because the lease ended in between, comes after lower ones', () => {
    let looks = 0
    // Both leases are looked at for who is next, and that of the one chosen once more before its stamp leaves.
    const monotonicMs = (): number => (looks++ === 2 ? 9 : 0)
    const leased = [0, 1].map((seed) => new Snowflake({ layout, seed, monotonicMs }))
    cursors = leased
    joined = new JoinedCursors(leased)
    install(0, 3)
    install(1, 4)
    for (const cursor of leased) cursor.leaseUntil(5)
    assert.equal(take(1, T + 2).stamps.length, 0)
    const { numbers, stamps } = take(3000, T)
    assert.ok(stamps.length === 3000 && new Set(stamps.map(({ worker }) => worker)).size === 2)
    assertIncreasing(numbers)
  })

  test('a window that begins far ahead keeps nobody waiting', () => {
    cursors[1]?.revoke('lost')
    install(1, 2, T + 500)
    assert.deepEqual([...new Set(take(3000, T).stamps.map(({ worker }) => worker))], [90])
    assert.equal(take(1, T + 500).stamps[0]?.worker, 2)
  })

  test('a take fails only when none can stamp, and says why', () => {
    cursors[0]?.revoke('the first was refused')
    cursors[1]?.revoke('soon there', true)
    assert.deepEqual(joined.shortage(T), { kind: 'refill' })
    cursors[1]?.revoke('the second was refused')
    assert.match(joined.fault(T) ?? '', /the first was refused/)
    assert.equal(joined.shortage(T).kind, 'failed')
  })

  test('a clock that stepped back is judged alike by all, and counted once', () => {
    take(1, T + 5000)
    assert.equal(joined.take(1, T, new IdBatch()), 0)
    assert.match(joined.fault(T) ?? '', /stepped|before a stamp/)
    assert.equal(joined.shortage(T).kind, 'failed')
    assert.equal(joined.counters().rollbacksRefused, 1)
  })
})

function install(at: number, worker: number, fromMs = T): void {
  cursors[at]?.install({ dc: 1, worker, fromMs, untilMs: T + 60_000 })
}

function take(count: number, nowMs: number) {
  const batch = new IdBatch()
  joined.take(count, nowMs, batch)
  const numbers = batchNumbers(batch)
  const stamps = numbers.map((id) => decodeSnowflake(layout, Number(id >> 32n), Number(id & 0xffff_ffffn)))
  return { numbers, stamps: stamps.flatMap((stamp) => (stamp === undefined ? [] : [stamp])) }
}

function assertIncreasing(numbers: readonly bigint[]): void {
  for (const [i, id] of numbers.entries()) assert.ok(i === 0 || id > (numbers[i - 1] ?? id), `at ${i}`)
}
