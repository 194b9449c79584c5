import { randomUUID, webcrypto } from 'node:crypto'
import { IdBatch } from '../service/core/id-batch.ts'
import { RingBuffer } from '../service/core/ring-buffer.ts'
import { SegmentBuffer } from '../service/core/segment-buffer.ts'
import { Snowflake } from '../service/core/snowflake.ts'
import { DEFAULT_EPOCH_MS, snowflakeLayout } from '../service/core/snowflake-layout.ts'
import { STEP_MAX } from '../service/core/tag.ts'
import { uuidText } from '../service/core/uuid-text.ts'
import { UuidV4 } from '../service/core/uuid-v4.ts'
import { UuidV7 } from '../service/core/uuid-v7.ts'
import { judged, type Row, reportFindings } from './bench-result.ts'
import { type Cost, costBeside, inNanoseconds, interleavedRounds, roundsText } from './interleaved-rounds.ts'
import { gatedRows } from './regression-gate.ts'

/**
 * What a single ID of each algorithm costs in process, beside its floor in the same rounds: a field counted up, and
 * crypto.randomUUID for UUIDs as text.
 *
 *     node bench/core.bench.ts [--short] [--save] [--check]
 */
interface Case {
  readonly name: string
  readonly barNs?: number
  readonly floor: 'a field counted up' | 'crypto.randomUUID()'
  /** Runs `count` single takes. One closure each, so that V8 specialises them apart as in production. */
  readonly run: (count: number) => void
}

const T = Date.UTC(2026, 5, 1)
const SHORT = process.argv.includes('--short')
const ROUNDS = { warmUp: 1, rounds: SHORT ? 1 : 9 }
const TAKES = 1_000_000
/** Some nanoseconds are at the mercy of the neighbours' caches: ratios were seen at 1.35 of the saved one on a quiet machine. */
const GATE = 2
/** asks for less than 100 ns of a pop; issue 6 for 10 ns of a number. */
const [BAR_NUMBER, BAR_POP, BAR_UUID_TEXT, BAR_SWITCH] = [10, 100, 200, 1000]

const COUNTER = 'a field counted up'
const RANDOM_UUID = 'crypto.randomUUID()'
const cases: Case[] = [
  { name: COUNTER, floor: COUNTER, run: countedUp() },
  { name: RANDOM_UUID, floor: RANDOM_UUID, run: randomTexts() },
  { name: 'a batch that is cleared, written and read, no algorithm', floor: COUNTER, run: batchAlone() },
  { name: 'segment, one number', barNs: BAR_NUMBER, floor: COUNTER, run: segmentTakes() },
  { name: 'segment, with the question for the next one', floor: COUNTER, run: segmentTakes(true) },
  { name: 'segment, taken in and switched to', barNs: BAR_SWITCH, floor: COUNTER, run: segmentSwitches() },
  { name: 'snowflake, one ID', barNs: BAR_NUMBER, floor: COUNTER, run: snowflakeTakes(1000) },
  {
    name: 'snowflake, one ID under a lease, which reads the monotonic clock',
    floor: COUNTER,
    run: snowflakeTakes(1000, true),
  },
  { name: 'snowflake, a new millisecond every 10', floor: COUNTER, run: snowflakeTakes(10) },
  { name: 'UUID v7, as bytes', floor: RANDOM_UUID, run: uuidTakes(new UuidV7(random), false) },
  {
    name: 'UUID v7, as text',
    barNs: BAR_UUID_TEXT,
    floor: RANDOM_UUID,
    run: uuidTakes(new UuidV7(random), true),
  },
  { name: 'UUID v4, as bytes', floor: RANDOM_UUID, run: uuidTakes(new UuidV4(random), false) },
  { name: 'pop of the ring buffer, 2 words', barNs: BAR_POP, floor: COUNTER, run: ringPops(2) },
  { name: 'pop of the ring buffer, 4 words', barNs: BAR_POP, floor: COUNTER, run: ringPops(4) },
]

reportFindings({
  bench: 'core',
  conditions: [
    'One take at a time in one thread, no batches, nothing but the algorithm.',
    'Around every take a batch is cleared and its ID is read, as callers do: the loop and the batch alone have a row of their own.',
    'A pop of the ring buffer bears its share of the pushes.',
    `Processor time of the process; ${roundsText(ROUNDS.rounds)} in which all cases take turns.`,
  ],
  rows: [...(await gatedRows('core', rowsOfAll)), ringMemory()],
})

async function rowsOfAll(): Promise<Row[]> {
  const rounds = await interleavedRounds(
    cases.map(({ name, run }) => ({ name, measure: () => costOf(run) })),
    ROUNDS,
  )
  return cases.flatMap(({ name, barNs, floor }, i) => {
    const least = rounds[cases.findIndex((one) => one.name === floor)] ?? []
    if (name === floor) return []
    const row = inNanoseconds(costBeside(rounds[i] ?? [], { what: floor, costs: least }))
    const bar = barNs === undefined ? {} : { bar: { of: 'value', atMost: barNs } as const }
    return judged({ what: name, ...row, ...bar, gate: GATE })
  })
}

function ringMemory(): Row {
  const ring = RingBuffer.create({ slots: 2 ** 20, slotWords: 4 })
  const value = ring.shared.byteLength / 1e6
  return judged({
    what: 'ring buffer of 1,048,576 UUIDs',
    value,
    unit: 'MB',
    bar: { of: 'value', atMost: 20 },
    gate: 1,
  })
}

function costOf(run: (count: number) => void): Cost {
  const before = process.cpuUsage()
  run(TAKES)
  const { user, system } = process.cpuUsage(before)
  const micros = (user + system) / TAKES
  return { micros, perSecond: 1e6 / micros }
}

function countedUp(): (count: number) => void {
  const counter = { next: 1_000_000 }
  return (count) => {
    let sum = 0
    for (let i = 0; i < count; i++) {
      sum += counter.next
      counter.next += 1
    }
    used(sum)
  }
}

function randomTexts(): (count: number) => void {
  return (count) => {
    let sum = 0
    for (let i = 0; i < count; i++) sum += randomUUID().length
    used(sum)
  }
}

function segmentTakes(withRefill = false): (count: number) => void {
  const buffer = new SegmentBuffer({ step: { base: STEP_MAX, min: 1, max: STEP_MAX } })
  buffer.install({ lo: 2 ** 40, hi: 2 ** 40 + STEP_MAX }, T)
  const batch = new IdBatch()
  return (count) => {
    // In here: as a variable of the closure it would be put in a box of its own for every ID, 4 ns each.
    let sum = 0
    for (let i = 0; i < count; i++) {
      batch.clear()
      if (buffer.take(1, T, batch) !== 1) throw new Error('the segment ran out')
      if (withRefill) sum += buffer.refillStep(T, 0)
      sum += batch.runLo(0)
    }
    used(sum)
  }
}

/** Segments of one number: every take switches to the next one, whose grant came right before. */
function segmentSwitches(): (count: number) => void {
  const buffer = new SegmentBuffer({ step: { base: 1, min: 1, max: STEP_MAX } })
  const batch = new IdBatch()
  let granted = 2 ** 40
  return (count) => {
    const from = granted
    granted += count
    let sum = 0
    for (let i = 0; i < count; i++) {
      buffer.install({ lo: from + i, hi: from + i + 1 }, T)
      batch.clear()
      if (buffer.take(1, T, batch) !== 1) throw new Error('the segment ran out')
      sum += batch.runLo(0)
    }
    used(sum)
  }
}

/** What a caller does around every take: without an algorithm. */
function batchAlone(): (count: number) => void {
  const batch = new IdBatch()
  return (count) => {
    let sum = 0
    for (let i = 0; i < count; i++) {
      batch.clear()
      batch.pushRun(256, i, 1)
      sum += batch.runLo(0)
    }
    used(sum)
  }
}

/** `perMs`: takes before the clock moves on by one. `leased`: under a lease, as with etcd. */
function snowflakeTakes(perMs: number, leased = false): (count: number) => void {
  const monotonicMs = (): number => performance.now()
  const snowflake = new Snowflake({ layout: snowflakeLayout(DEFAULT_EPOCH_MS), seed: 1, monotonicMs })
  snowflake.install({ dc: 1, worker: 1, fromMs: T, untilMs: T + 1_000_000_000 })
  if (leased) snowflake.leaseUntil(performance.now() + 86_400_000)
  const batch = new IdBatch()
  let nowMs = T
  return (count) => {
    let sum = 0
    for (let i = 0; i < count; i += perMs) {
      nowMs += 1
      sum += takesAt(nowMs)
    }
    used(sum)
  }

  /** A loop of its own: the clock is read once for many, and the remainder of a division costs as much as an ID. */
  function takesAt(clockMs: number): number {
    let sum = 0
    for (let i = 0; i < perMs; i++) {
      batch.clear()
      if (snowflake.take(1, clockMs, batch) !== 1) throw new Error('the window ran out')
      sum += batch.runLo(0)
    }
    return sum
  }
}

function uuidTakes(uuid: UuidV7 | UuidV4, asText: boolean): (count: number) => void {
  const batch = new IdBatch()
  return (count) => {
    let sum = 0
    for (let i = 0; i < count; i++) {
      batch.clear()
      uuid.take(1, T + (i >>> 10), batch)
      // The last character is read: a text that is still in pieces would be put together by whoever sends it.
      sum += asText ? uuidText(batch.uuidBytes(), 0).charCodeAt(35) : (batch.uuidBytes()[15] ?? 0)
    }
    used(sum)
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
