import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { batchNumbers } from '../../test/fixtures/batch-numbers.ts'
import { IdBatch } from './id-batch.ts'
import { Snowflake } from './snowflake.ts'
import { DEFAULT_EPOCH_MS, decodeSnowflake, snowflakeLayout } from './snowflake-layout.ts'

const layout = snowflakeLayout(DEFAULT_EPOCH_MS)
const T = Date.UTC(2026, 5, 1)

/** Mostly small, so that windows end and clocks meet their limits often; sometimes far. */
const forward = fc.oneof(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 900 }))
const move = fc.oneof(fc.integer({ min: -6, max: 6 }), fc.integer({ min: -1500, max: 1500 }))

/** A step of one process: its clock moves (also back), it takes, it is extended, restarted or loses its hold. */
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('take'), n: fc.integer({ min: 1, max: 3000 }) }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('clock'), n: move }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('extend'), n: forward }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('revoke'), n: forward }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('release'), n: forward }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('crash'), n: forward }) },
)

/** Two worker ids with the permanent `until` of each, as a store keeps them; two processes fight for them. */
class World {
  readonly untilMs = [T, T]
  readonly seen = new Set<bigint>()
  readonly processes = [this.#process(0), this.#process(1)]

  #process(seed: number) {
    return { snowflake: new Snowflake({ layout, seed, borrowMaxMs: 50 }), worker: seed, nowMs: T, last: -1n }
  }

  run(which: number, kind: string, n: number): void {
    const process = this.processes[which]
    assert.ok(process !== undefined)
    if (kind === 'clock') process.nowMs += n
    if (kind === 'take') this.#take(process, n)
    if (kind === 'extend') this.#extend(process, n)
    if (kind === 'revoke') {
      process.snowflake.revoke('lost')
      this.#install(process, n)
    }
    if (kind === 'release') {
      process.snowflake.revoke('released')
      const unusedMs = process.snowflake.firstUnusedMs()
      if (unusedMs !== undefined) this.untilMs[process.worker] = unusedMs
      this.#restart(process, n)
    }
    if (kind === 'crash') this.#restart(process, n)
  }

  #restart(process: World['processes'][number], n: number): void {
    process.snowflake = new Snowflake({ layout, seed: n, borrowMaxMs: 50 })
    process.last = -1n
    this.#install(process, n)
  }

  #install(process: World['processes'][number], n: number): void {
    const fromMs = Math.max(this.untilMs[process.worker] ?? 0, process.nowMs)
    this.untilMs[process.worker] = fromMs + n
    process.snowflake.install({ dc: 0, worker: process.worker, fromMs, untilMs: fromMs + n })
  }

  #extend(process: World['processes'][number], n: number): void {
    const grant = process.snowflake.currentGrant()
    if (grant === undefined) return this.#install(process, n)
    this.untilMs[process.worker] = grant.untilMs + n
    process.snowflake.extend(grant.untilMs + n)
  }

  #take(process: World['processes'][number], n: number): void {
    const { snowflake } = process
    const grant = snowflake.currentGrant()
    const batch = new IdBatch()
    const taken = snowflake.take(n, process.nowMs, batch)
    assert.equal(taken, batch.count)
    assert.ok(taken <= n)
    if (taken < n) assert.ok(['wait', 'refill', 'failed'].includes(snowflake.shortage(process.nowMs).kind))
    for (const id of batchNumbers(batch)) {
      assert.ok(!this.seen.has(id), 'once')
      this.seen.add(id)
      assert.ok(id > process.last, 'increasing')
      process.last = id
      const decoded = decodeSnowflake(layout, Number(id >> 32n), Number(id & 0xffff_ffffn))
      assert.ok(decoded !== undefined && grant !== undefined)
      assert.ok(decoded.timeMs >= grant.fromMs && decoded.timeMs < grant.untilMs, 'inside')
      assert.equal(decoded.worker, grant.worker, 'inside')
    }
  }
}

test('whatever clocks, grants and restarts do: no ID twice, none outside its grant, always increasing', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 0, max: 1 }), step), { minLength: 5, maxLength: 60, size: 'max' }),
      (steps) => {
        const world = new World()
        world.run(0, 'crash', 500)
        for (const [which, { kind, n }] of steps) world.run(which, kind, n)
      },
    ),
    { numRuns: 300 },
  )
})

test('a wait is never in vain: when it is over, an ID is to be had or another reason is given', () => {
  fc.assert(
    fc.property(fc.array(move, { maxLength: 40, size: 'max' }), (moves) => {
      const snowflake = new Snowflake({ layout, seed: 5, borrowMaxMs: 20 })
      snowflake.install({ dc: 1, worker: 1, fromMs: T, untilMs: T + 100_000 })
      let nowMs = T
      for (const ms of moves) {
        nowMs += ms
        if (snowflake.take(5000, nowMs, new IdBatch()) === 5000) continue
        const shortage = snowflake.shortage(nowMs)
        if (shortage.kind !== 'wait') continue
        assert.ok(shortage.ms >= 1 && shortage.ms <= 2100)
        nowMs += shortage.ms
        const taken = snowflake.take(1, nowMs, new IdBatch())
        if (taken === 0) assert.notEqual(snowflake.shortage(nowMs).kind, 'wait')
      }
    }),
    { numRuns: 200 },
  )
})
