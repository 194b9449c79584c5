import { webcrypto } from 'node:crypto'
import { IdBatch } from '../service/core/id-batch.ts'
import { RingBuffer } from '../service/core/ring-buffer.ts'
import { SegmentBuffer } from '../service/core/segment-buffer.ts'
import { Snowflake } from '../service/core/snowflake.ts'
import { DEFAULT_EPOCH_MS, snowflakeLayout } from '../service/core/snowflake-layout.ts'
import { STEP_MAX } from '../service/core/tag.ts'
import { UuidV4 } from '../service/core/uuid-v4.ts'
import { UuidV7 } from '../service/core/uuid-v7.ts'
import { median } from './median.ts'

/**
 * Nanoseconds a single take of each algorithm costs, and what the ring buffer needs.
 * `--check` fails above the bars: segment and snowflake 60 ns, ring pop 100 ns, 20 MB at 1 M UUID slots.
 *
 *     node bench/core.bench.ts [--check]
 */
interface Case {
  readonly name: string
  readonly barNs?: number
  /** Runs `count` single takes. One closure each, so that V8 specialises them apart as in production. */
  readonly run: (count: number) => void
}

const T = Date.UTC(2026, 5, 1)
const ROUNDS = 9
const TAKES = 1_000_000
/** Long enough for the optimising compiler, which acts after some ten thousand calls. */
const WARM_UP = 300_000

const cases: Case[] = [
  { name: 'segment take(1)', barNs: 60, run: segmentTakes() },
  { name: 'segment take(1) + refillStep', run: segmentTakes(true) },
  { name: 'snowflake take(1)', barNs: 60, run: snowflakeTakes(1000) },
  { name: 'snowflake take(1), new ms every 10', run: snowflakeTakes(10) },
  { name: 'uuid-v7 take(1)', run: uuidTakes(new UuidV7(random)) },
  { name: 'uuid-v4 take(1), made at once', run: uuidTakes(new UuidV4(random)) },
  { name: 'ring pop, 2 words', barNs: 100, run: ringPops(2) },
  { name: 'ring pop, 4 words', barNs: 100, run: ringPops(4) },
]

const failures: string[] = []
for (const { name, barNs, run } of cases) {
  run(WARM_UP)
  const ns = median(Array.from({ length: ROUNDS }, () => timed(run)))
  report(name, ns, 'ns', barNs)
}
const ring = RingBuffer.create({ slots: 2 ** 20, slotWords: 4 })
report('ring of 1 M UUID slots', ring.shared.byteLength / 1e6, 'MB', 20)

if (failures.length > 0 && process.argv.includes('--check')) {
  console.error(`above the bar: ${failures.join(', ')}`)
  process.exitCode = 1
}

function report(name: string, value: number, unit: string, bar: number | undefined): void {
  const limit = bar === undefined ? '' : `  (bar ${bar} ${unit})`
  process.stdout.write(`${name.padEnd(36)} ${value.toFixed(1).padStart(8)} ${unit}${limit}\n`)
  if (bar !== undefined && value >= bar) failures.push(name)
}

function timed(run: (count: number) => void): number {
  const start = process.hrtime.bigint()
  run(TAKES)
  return Number(process.hrtime.bigint() - start) / TAKES
}

function segmentTakes(withRefill = false): (count: number) => void {
  const buffer = new SegmentBuffer({ step: { base: STEP_MAX, min: 1, max: STEP_MAX } })
  buffer.install({ lo: 2 ** 40, hi: 2 ** 40 + STEP_MAX }, T)
  const batch = new IdBatch()
  let sum = 0
  return (count) => {
    for (let i = 0; i < count; i++) {
      batch.clear()
      if (buffer.take(1, T, batch) !== 1) throw new Error('the segment ran out')
      if (withRefill) sum += buffer.refillStep(T, 0)
      sum += batch.runLo(0)
    }
    used(sum)
  }
}

/** `perMs`: takes before the clock moves on by one. */
function snowflakeTakes(perMs: number): (count: number) => void {
  const snowflake = new Snowflake({ layout: snowflakeLayout(DEFAULT_EPOCH_MS), seed: 1 })
  snowflake.install({ dc: 1, worker: 1, fromMs: T, untilMs: T + 1_000_000_000 })
  const batch = new IdBatch()
  let nowMs = T
  let sum = 0
  return (count) => {
    for (let i = 0; i < count; i++) {
      if (i % perMs === 0) nowMs += 1
      batch.clear()
      if (snowflake.take(1, nowMs, batch) !== 1) throw new Error('the window ran out')
      sum += batch.runLo(0)
    }
    used(sum)
  }
}

function uuidTakes(uuid: UuidV7 | UuidV4): (count: number) => void {
  const batch = new IdBatch()
  return (count) => {
    for (let i = 0; i < count; i++) {
      batch.clear()
      uuid.take(1, T + (i >>> 10), batch)
    }
    used(batch.uuidBytes()[15] ?? 0)
  }
}

/** Only the pops are on the clock's path as often as the pushes: the ring is refilled in portions of 1000. */
function ringPops(slotWords: number): (count: number) => void {
  const slots = RingBuffer.create({ slots: 2 ** 20, slotWords })
  const portion = new Uint32Array(1000 * slotWords).fill(7)
  const out = new Uint32Array(slotWords)
  let sum = 0
  return (count) => {
    for (let i = 0; i < count; i++) {
      if (i % 1000 === 0) slots.push(portion, 1000)
      if (slots.pop(out) !== 1) throw new Error('the ring ran dry')
      sum += out[0] ?? 0
    }
    used(sum)
  }
}

function random(bytes: Uint8Array): void {
  webcrypto.getRandomValues(bytes)
}

/** Keeps the compiler from removing work whose result nobody reads. */
function used(value: number): void {
  if (value === -1) process.stdout.write(String(value))
}
