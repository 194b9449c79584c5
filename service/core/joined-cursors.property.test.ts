import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { batchNumbers } from '../../test/fixtures/batch-numbers.ts'
import { IdBatch } from './id-batch.ts'
import { JoinedCursors } from './joined-cursors.ts'
import { Snowflake } from './snowflake.ts'
import { DEFAULT_EPOCH_MS, decodeSnowflake, snowflakeLayout } from './snowflake-layout.ts'

const layout = snowflakeLayout(DEFAULT_EPOCH_MS)
const T = Date.UTC(2026, 5, 1)
const WORKERS = [4, 1, 200, 7, 3]

const STEPS = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: step('take', fc.integer({ min: 1, max: 3000 })) },
    { weight: 4, arbitrary: step('clock', fc.integer({ min: -6, max: 6 })) },
    { weight: 1, arbitrary: step('clock', fc.integer({ min: -1500, max: 1500 })) },
    { weight: 2, arbitrary: step('extend', fc.integer({ min: 1, max: 900 })) },
    { weight: 2, arbitrary: step('lose', fc.integer({ min: 1, max: 900 })) },
    { weight: 2, arbitrary: step('release', fc.integer({ min: 1, max: 900 })) },
  ),
  { maxLength: 60 },
)

function step(kind: 'take' | 'clock' | 'extend' | 'lose' | 'release', n: fc.Arbitrary<number>) {
  return fc.record({ kind: fc.constant(kind), n, which: fc.nat(2) })
}

/** The permanent `until` of each worker id, as a store keeps it, and a process that holds three of them. */
class World {
  readonly #untilMs = new Map(WORKERS.map((worker) => [worker, T]))
  readonly #cursors = [0, 1, 2].map((seed) => new Snowflake({ layout, seed, borrowMaxMs: 50 }))
  readonly #joined = new JoinedCursors(this.#cursors)
  #nowMs = T
  #last = -1n

  run(kind: string, n: number, which: number): void {
    const cursor = this.#cursors[which]
    assert.ok(cursor !== undefined)
    if (kind === 'clock') this.#nowMs += n
    if (kind === 'take') this.#take(n)
    if (kind === 'extend') this.#extend(cursor, n)
    if (kind === 'lose') this.#replace(cursor, n)
    if (kind === 'release') {
      const { worker } = cursor.currentGrant() ?? {}
      cursor.revoke('released')
      const unusedMs = cursor.firstUnusedMs()
      if (worker !== undefined && unusedMs !== undefined) this.#untilMs.set(worker, unusedMs)
      this.#replace(cursor, n)
    }
  }

  /** Takes the free worker id that was used longest ago. */
  #replace(cursor: Snowflake, n: number): void {
    cursor.revoke('lost')
    const held = this.#cursors.map((other) => other.currentGrant()?.worker)
    const free = WORKERS.filter((worker) => !held.includes(worker))
    const worker = free.toSorted((a, b) => this.#until(a) - this.#until(b))[0] ?? 0
    const fromMs = Math.max(this.#until(worker), this.#nowMs)
    this.#untilMs.set(worker, fromMs + n)
    cursor.install({ dc: 0, worker, fromMs, untilMs: fromMs + n })
  }

  #extend(cursor: Snowflake, n: number): void {
    const grant = cursor.currentGrant()
    if (grant === undefined) return this.#replace(cursor, n)
    const untilMs = Math.max(grant.untilMs, this.#nowMs + n)
    this.#untilMs.set(grant.worker, untilMs)
    cursor.extend(untilMs)
  }

  #until(worker: number): number {
    return this.#untilMs.get(worker) ?? T
  }

  #take(count: number): void {
    const batch = new IdBatch()
    const taken = this.#joined.take(count, this.#nowMs, batch)
    assert.equal(batch.count, taken)
    for (const id of batchNumbers(batch)) {
      assert.ok(id > this.#last, `${id} after ${this.#last}`)
      this.#last = id
      const stamp = decodeSnowflake(layout, Number(id >> 32n), Number(id & 0xffff_ffffn))
      const grant = this.#cursors
        .map((cursor) => cursor.currentGrant())
        .find((held) => held?.worker === stamp?.worker)
      assert.ok(grant !== undefined && stamp !== undefined, 'stamped for a worker id that is held')
      assert.ok(stamp.timeMs >= grant.fromMs && stamp.timeMs < grant.untilMs, 'inside its window')
    }
    // A short take has a reason that names what makes it go on.
    if (taken < count) this.#joined.shortage(this.#nowMs)
  }
}

test('whatever becomes of its worker ids, a process stamps inside their windows and only upwards', () => {
  fc.assert(
    fc.property(STEPS, (steps) => {
      const world = new World()
      for (const { kind, n, which } of steps) world.run(kind, n, which)
    }),
    { numRuns: 200 },
  )
})
