import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { batchNumbers } from '../../test/fixtures/batch-numbers.ts'
import { IdBatch } from './id-batch.ts'
import { Snowflake } from './snowflake.ts'
import {
  DEFAULT_EPOCH_MS,
  type DecodedSnowflake,
  decodeSnowflake,
  endStampMs,
  firstStampMs,
  snowflakeLayout,
} from './snowflake-layout.ts'

const layout = snowflakeLayout(DEFAULT_EPOCH_MS)
const T = Date.UTC(2026, 5, 1)

describe('snowflake', () => {
  test('without a grant a take is refused with the reason', () => {
    const snowflake = new Snowflake({ layout, seed: 1 })
    assert.equal(take(snowflake, 1, T).length, 0)
    assert.deepEqual(snowflake.shortage(T), {
      kind: 'failed',
      code: 'IDGEN_WORKER_UNAVAILABLE',
      message: 'There is no worker id: no worker id was acquired yet',
    })
    assert.equal(snowflake.firstUnusedMs(), undefined)
  })

  test('an ID carries its time, data centre and worker', () => {
    const snowflake = granted(T, T + 30_000)
    const [id] = take(snowflake, 1, T + 7)
    assert.equal(id?.timeMs, T + 7)
    assert.equal(id?.dc, 3)
    assert.equal(id?.worker, 200)
    assert.equal(snowflake.fault(T + 7), undefined)
    assert.deepEqual(snowflake.stats(), { issued: 1, granted: 1 })
  })

  test('count 0 takes nothing and count 1 one', () => {
    const snowflake = granted(T, T + 30_000)
    assert.equal(take(snowflake, 0, T).length, 0)
    assert.equal(snowflake.firstUnusedMs(), T)
    assert.equal(take(snowflake, 1, T).length, 1)
    const none = new IdBatch()
    assert.equal(snowflake.take(0, T, none), 0)
    assert.equal(none.runCount, 0)
    assert.deepEqual(snowflake.stats(), { issued: 1, granted: 1 })
  })

  test('what is left of a millisecond is judged anew once another cursor saw a later clock', () => {
    const snowflake = granted(T, T + 30_000)
    assert.equal(take(snowflake, 1, T).length, 1)
    snowflake.skipTo(T, T + 3)
    assert.equal(take(snowflake, 1, T).length, 0)
    assert.equal(take(snowflake, 1, T + 3).length, 1)
  })

  test('more than 1024 in a millisecond borrow the next ones, from sequence 0, and no run crosses one', () => {
    const snowflake = granted(T, T + 30_000)
    const batch = new IdBatch()
    assert.equal(snowflake.take(3000, T, batch), 3000)
    for (let run = 0; run < batch.runCount; run++) {
      const first = decodeSnowflake(layout, batch.runHi(run), batch.runLo(run))
      assert.ok(first !== undefined && first.sequence + batch.runLength(run) <= 1024)
      if (run > 0) assert.equal(first.sequence, 0)
      assert.equal(first.timeMs, T + run)
    }
    assert.equal(snowflake.counters().borrowedMs, batch.runCount - 1)
  })

  test('borrowing ends borrowMaxMs ahead of the clock and goes on one millisecond later', () => {
    const snowflake = granted(T, T + 30_000, { borrowMaxMs: 3 })
    const ids = take(snowflake, 10_000, T)
    assert.equal(ids.at(-1)?.timeMs, T + 3)
    assert.deepEqual(snowflake.shortage(T), { kind: 'wait', ms: 1 })
    assert.equal(snowflake.fault(T), undefined)
    assert.equal(take(snowflake, 10_000, T + 1).length, 1024)
  })
})

describe('snowflake: its window', () => {
  test('a window that ends asks for a refill, never stamps its end, and goes on when extended', () => {
    const snowflake = granted(T, T + 2)
    const ids = take(snowflake, 10_000, T)
    assert.equal(ids.at(-1)?.timeMs, T + 1)
    assert.deepEqual(snowflake.shortage(T), { kind: 'refill' })
    assert.match(snowflake.fault(T) ?? '', /window ended/)
    snowflake.extend(T + 3)
    assert.equal(snowflake.fault(T), undefined)
    assert.deepEqual(new Set(take(snowflake, 10_000, T).map((id) => id.timeMs)), new Set([T + 2]))
  })

  test('a window that could not be extended fails with the reason until it is', () => {
    const snowflake = granted(T, T + 1)
    snowflake.refused('the store is away')
    assert.ok(take(snowflake, 10, T).length > 0, 'what is left of the window is still used')
    take(snowflake, 2000, T)
    const shortage = snowflake.shortage(T)
    assert.ok(shortage.kind === 'failed' && shortage.code === 'IDGEN_WORKER_UNAVAILABLE')
    assert.match(shortage.message, /the store is away/)
    snowflake.extend(T + 100)
    assert.equal(take(snowflake, 10, T).length, 10)
  })

  test('an extension never lowers the end and does not revive a revoked window', () => {
    const snowflake = granted(T, T + 10)
    snowflake.extend(T + 5)
    assert.equal(snowflake.currentGrant()?.untilMs, T + 10)
    snowflake.revoke('lost')
    snowflake.extend(T + 50)
    assert.equal(snowflake.currentGrant(), undefined)
    assert.equal(take(snowflake, 1, T).length, 0)
  })
})

describe('snowflake: grants one after another', () => {
  test('after a revoke nothing is stamped and the first unused millisecond is still known', () => {
    const snowflake = granted(T, T + 30_000)
    take(snowflake, 1, T + 4)
    snowflake.revoke('shutting down')
    assert.equal(take(snowflake, 1, T + 4).length, 0)
    assert.match(snowflake.fault(T + 4) ?? '', /shutting down/)
    assert.equal(snowflake.firstUnusedMs(), T + 5)
  })

  test('restart within the same millisecond: the second process starts above the first', () => {
    const first = granted(T, T + 30_000)
    const before = take(first, 5, T)
    first.revoke('restart')
    const second = granted(first.firstUnusedMs() ?? 0, T + 60_000)
    const after = take(second, 5, T)
    assert.equal(after.length, 5)
    assert.ok((after[0]?.timeMs ?? 0) > (before.at(-1)?.timeMs ?? 0))
    assert.equal(after[0]?.sequence, 0)
  })

  test('a window that begins ahead is borrowed within the limit, waited for within a second more, else refused', () => {
    assert.equal(take(granted(T + 1000, T + 30_000), 1, T)[0]?.timeMs, T + 1000)
    const near = granted(T + 1500, T + 30_000)
    assert.equal(take(near, 1, T).length, 0)
    assert.deepEqual(near.shortage(T), { kind: 'wait', ms: 500 })
    assert.equal(take(near, 1, T + 500).length, 1)
    const far = granted(T + 2001, T + 30_000)
    assert.equal(take(far, 1, T).length, 0)
    const shortage = far.shortage(T)
    assert.ok(shortage.kind === 'failed' && shortage.code === 'IDGEN_WORKER_UNAVAILABLE')
    assert.match(far.fault(T) ?? '', /window begins/)
  })
})

describe('snowflake: the lease of its worker id', () => {
  /** A monotonic clock a test moves, also between two reads of it. */
  function leased(monotonic: { ms: number }): Snowflake {
    const snowflake = new Snowflake({ layout, seed: 1, monotonicMs: () => monotonic.ms })
    snowflake.install({ dc: 3, worker: 200, fromMs: T, untilMs: T + 30_000 })
    snowflake.leaseUntil(24_000)
    return snowflake
  }

  test('trap 6: a take at or after the deadline gives nothing, though the window is open', () => {
    const monotonic = { ms: 23_999 }
    const snowflake = leased(monotonic)
    assert.equal(take(snowflake, 1, T + 1).length, 1)
    monotonic.ms = 24_000
    assert.equal(take(snowflake, 1, T + 1).length, 0, 'in the millisecond already begun')
    assert.equal(take(snowflake, 1, T + 2).length, 0, 'in the next one')
    assert.deepEqual(snowflake.shortage(T + 2), { kind: 'refill' })
    assert.match(snowflake.fault(T + 2) ?? '', /lease ended/)
  })

  test('trap 6: a process paused between reading the clock and stamping stamps nothing', () => {
    const reads: number[] = []
    const snowflake = new Snowflake({
      layout,
      seed: 1,
      monotonicMs: () => {
        // The first run leaves; the pause falls before the second is pushed.
        reads.push(0)
        return reads.length === 1 ? 0 : 90_000
      },
    })
    snowflake.install({ dc: 3, worker: 200, fromMs: T, untilMs: T + 30_000 })
    snowflake.leaseUntil(24_000)
    const ids = take(snowflake, 5000, T)
    assert.ok(ids.length > 0 && ids.length <= 1024)
    assert.ok(ids.every((id) => id.timeMs === T))
    assert.equal(reads.length, 2, 'asked once a run, not once an ID')
  })

  test('a renewed lease goes on, and one that is not limited never ends', () => {
    const monotonic = { ms: 24_000 }
    const snowflake = leased(monotonic)
    snowflake.leaseUntil(48_000)
    assert.equal(take(snowflake, 1, T).length, 1)
    monotonic.ms = 1e9
    assert.equal(take(snowflake, 1, T).length, 0)
    snowflake.leaseUntil(undefined)
    assert.equal(take(snowflake, 1, T).length, 1)
    assert.equal(snowflake.fault(T), undefined)
  })

  test('a lease that could not be renewed fails with the reason', () => {
    const monotonic = { ms: 30_000 }
    const snowflake = leased(monotonic)
    snowflake.refused('etcd is away')
    assert.deepEqual(snowflake.shortage(T), {
      kind: 'failed',
      code: 'IDGEN_WORKER_UNAVAILABLE',
      message: 'The lease could not be renewed: etcd is away',
    })
    snowflake.revoke('lost')
    const shortage = snowflake.shortage(T)
    assert.ok(shortage.kind === 'failed' && /no worker id: lost/.test(shortage.message))
  })

  test('a monotonic clock that reads NaN ends the lease', () => {
    const snowflake = leased({ ms: Number.NaN })
    assert.equal(take(snowflake, 1, T).length, 0)
  })

  test('what no renewal cures is said before the lease', () => {
    const snowflake = leased({ ms: 30_000 })
    const shortage = snowflake.shortage(Number.NaN)
    assert.ok(shortage.kind === 'failed' && shortage.code === 'IDGEN_CLOCK_UNUSABLE')
  })
})

describe('snowflake: its limits', () => {
  test('at its last millisecond the layout is exhausted, never wrapped', () => {
    const end = endStampMs(layout)
    const snowflake = granted(end - 1, end + 1000)
    assert.ok(take(snowflake, 2000, end - 1).every((id) => id.timeMs === end - 1))
    const shortage = snowflake.shortage(end - 1)
    assert.ok(shortage.kind === 'failed' && shortage.code === 'IDGEN_LAYOUT_EXHAUSTED')
    assert.match(snowflake.fault(end + 5) ?? '', /layout ends/)
  })

  test('a grant below the first stamp, with an unknown worker, or empty breaks an invariant', () => {
    const snowflake = new Snowflake({ layout, seed: 1 })
    const grant = { dc: 0, worker: 0, fromMs: T, untilMs: T + 1 }
    const first = firstStampMs(layout)
    assert.throws(() => snowflake.install({ ...grant, fromMs: first - 1 }), /above all segment values/)
    assert.throws(() => snowflake.install({ ...grant, dc: 8 }), /dc fits/)
    assert.throws(() => snowflake.install({ ...grant, worker: 256 }), /worker fits/)
    assert.throws(() => snowflake.install({ ...grant, untilMs: T }), /not empty/)
    assert.throws(() => snowflake.install({ ...grant, fromMs: T - 0.5 }), /whole milliseconds/)
    assert.throws(() => granted(T, T + 1).extend(T + 1.5), /whole milliseconds/)
  })

  test('a second grant goes on above the last stamp, also where its window begins earlier', () => {
    const snowflake = granted(T, T + 30_000)
    take(snowflake, 3000, T)
    snowflake.install({ dc: 3, worker: 7, fromMs: T - 1000, untilMs: T + 60_000 })
    assert.equal(snowflake.firstUnusedMs(), T + 3)
    assert.equal(take(snowflake, 1, T)[0]?.timeMs, T + 3)
  })

  test('a window installed a second time stamps nothing twice and hands on nothing that is stamped', () => {
    const snowflake = granted(T, T + 30_000)
    const before = take(snowflake, 3000, T)
    snowflake.install({ dc: 3, worker: 200, fromMs: T, untilMs: T + 30_000 })
    assert.equal(snowflake.firstUnusedMs(), T + 3)
    const after = take(snowflake, 3000, T)
    const stamps = [...before, ...after].map((id) => `${id.timeMs}/${id.sequence}`)
    assert.equal(new Set(stamps).size, 6000)
  })

  test('a window that ends below the last stamp is handed on as used up, not beyond its end', () => {
    const snowflake = granted(T, T + 30_000)
    take(snowflake, 3000, T)
    snowflake.install({ dc: 3, worker: 7, fromMs: T - 1000, untilMs: T - 10 })
    assert.equal(snowflake.firstUnusedMs(), T - 10)
  })

  test('a clock with fractions of a millisecond enters each millisecond once', () => {
    const snowflake = granted(T, T + 30_000)
    const ids = [T, T + 0.2, T + 0.9, T + 1].flatMap((now) => take(snowflake, 1, now))
    assert.deepEqual(
      ids.map((id) => id.timeMs),
      [T, T, T, T + 1],
    )
    const sequences = ids.map((id) => id.sequence)
    assert.deepEqual(sequences.slice(1, 3), [(sequences[0] ?? 0) + 1, (sequences[0] ?? 0) + 2])
  })

  test('a clock that reads NaN is refused', () => {
    const snowflake = granted(T, T + 30_000)
    assert.equal(take(snowflake, 1, Number.NaN).length, 0)
    const shortage = snowflake.shortage(Number.NaN)
    assert.ok(shortage.kind === 'failed' && shortage.code === 'IDGEN_CLOCK_UNUSABLE')
  })

  test('a count that is no number takes nothing, and nothing from the next', () => {
    const snowflake = granted(T, T + 30_000)
    const [first] = take(snowflake, 1, T)
    assert.equal(take(snowflake, Number.NaN, T).length, 0)
    const [next] = take(snowflake, 1, T)
    assert.equal(next?.sequence, (first?.sequence ?? 0) + 1)
  })

  test('a shortage asked when stamps are to be had says: soon', () => {
    assert.deepEqual(granted(T, T + 30_000).shortage(T), { kind: 'wait', ms: 1 })
  })
})

function granted(fromMs: number, untilMs: number, options: { borrowMaxMs?: number } = {}): Snowflake {
  const snowflake = new Snowflake({ layout, seed: 1, ...options })
  snowflake.install({ dc: 3, worker: 200, fromMs, untilMs })
  return snowflake
}

function take(snowflake: Snowflake, count: number, nowMs: number): DecodedSnowflake[] {
  const batch = new IdBatch()
  const taken = snowflake.take(count, nowMs, batch)
  assert.equal(taken, batch.count)
  return batchNumbers(batch).map((id) => {
    const decoded = decodeSnowflake(layout, Number(id >> 32n), Number(id & 0xffff_ffffn))
    assert.ok(decoded !== undefined)
    return decoded
  })
}
