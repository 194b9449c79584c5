import { IdgenError } from './errors.ts'

/**
 * How a snowflake value is put together.
 *
 *     63   62    61 ─────────────── 21   20 ── 18   17 ───── 10   9 ────── 0
 *     sign spare  ms since the epoch      dc         worker        sequence
 *      0    0     41 bits                 3 bits     8 bits        10 bits
 *     └────────────── hi (32) ──────────────┊─── lo (32): the stamp's last 11 bits, dc, worker, sequence ┘
 *
 * 41 bits of milliseconds last 69.7 years. Bit 62 stays 0 as a spare: a later layout may set it, and then no
 * value of the two can be equal. The bit widths are constants: they are part of every ID ever printed.
 */
export interface SnowflakeLayout {
  /** Unix milliseconds of stamp 0. */
  readonly epochMs: number
  readonly timestampBits: 41
  readonly dcBits: 3
  readonly workerBits: 8
  readonly sequenceBits: 10
  readonly version: 1
}

/** What a value tells about its making. */
export interface DecodedSnowflake {
  /** Unix milliseconds. */
  readonly timeMs: number
  readonly dc: number
  readonly worker: number
  readonly sequence: number
  readonly version: 1
}

/** 2024-01-01T00:00:00Z; the layout ends in September 2093. */
export const DEFAULT_EPOCH_MS = 1_704_067_200_000

export const DC_COUNT_MAX = 8
export const WORKER_COUNT = 256
/** Stamps of one worker in one millisecond. */
export const SEQUENCES_PER_MS = 1024

/**
 * The layout with this epoch.
 * @throws IDGEN_CONFIG_INVALID unless it is an integer from 0 to the year 2100: later ones are typing faults
 */
export function snowflakeLayout(epochMs: number): SnowflakeLayout {
  if (!Number.isInteger(epochMs) || epochMs < 0 || epochMs > EPOCH_MAX_MS)
    throw new IdgenError(
      'IDGEN_CONFIG_INVALID',
      `The snowflake epoch must be Unix milliseconds from 0 to ${EPOCH_MAX_MS}, not ${epochMs}.`,
    )
  return { epochMs, timestampBits: 41, dcBits: 3, workerBits: 8, sequenceBits: 10, version: 1 }
}

/** Short stable text; two processes may stamp the same data centre's time only when theirs are equal. */
export function layoutHash(layout: SnowflakeLayout): string {
  const { version, epochMs, timestampBits, dcBits, workerBits, sequenceBits } = layout
  return `v${version}:${epochMs}:${timestampBits}.${dcBits}.${workerBits}.${sequenceBits}`
}

/**
 * First millisecond that may be stamped: 2^32 ms (49.7 days) after the epoch. From there on values are at or
 * above 2^53, where no segment value lies, so a tag that degrades from one to the other cannot collide.
 */
export function firstStampMs(layout: SnowflakeLayout): number {
  return layout.epochMs + TWO_32
}

/** First millisecond that cannot be stamped any more: the timestamp's bits are used up. Refused, never wrapped. */
export function endStampMs(layout: SnowflakeLayout): number {
  return layout.epochMs + TWO_41
}

/** Upper uint32 of every value stamped at `stampMs` (firstStampMs ≤ stampMs < endStampMs, an integer). */
export function snowflakeHi(layout: SnowflakeLayout, stampMs: number): number {
  return Math.floor((stampMs - layout.epochMs) / STAMP_IN_LO)
}

/** Lower uint32 of the value with sequence 0; adding a sequence (0..1023) never carries into the worker's bits. */
export function snowflakeLo(layout: SnowflakeLayout, stampMs: number, dc: number, worker: number): number {
  // `&` keeps the low bits of any integer below 2^53; `%` of a double is a loop of many nanoseconds.
  const stampLow = (stampMs - layout.epochMs) & (STAMP_IN_LO - 1)
  return ((stampLow << STAMP_SHIFT) | (dc << DC_SHIFT) | (worker << WORKER_SHIFT)) >>> 0
}

/**
 * Takes a value apart. undefined for what no snowflake of this layout can be: bit 62 or 63 set, or below 2^53,
 * where only segment values lie.
 */
export function decodeSnowflake(
  layout: SnowflakeLayout,
  hi: number,
  lo: number,
): DecodedSnowflake | undefined {
  if (hi < HI_FIRST || hi >= HI_END) return undefined
  return {
    timeMs: layout.epochMs + hi * STAMP_IN_LO + (lo >>> STAMP_SHIFT),
    dc: (lo >>> DC_SHIFT) & (DC_COUNT_MAX - 1),
    worker: (lo >>> WORKER_SHIFT) & (WORKER_COUNT - 1),
    sequence: lo & (SEQUENCES_PER_MS - 1),
    version: layout.version,
  }
}

const TWO_32 = 2 ** 32
const TWO_41 = 2 ** 41
const WORKER_SHIFT = 10
const DC_SHIFT = 18
const STAMP_SHIFT = 21
/** The last 11 bits of the stamp lie in lo. */
const STAMP_IN_LO = 2 ** 11
/** hi of 2^53 and of 2^62. */
const HI_FIRST = 2 ** 21
const HI_END = 2 ** 30
const EPOCH_MAX_MS = 4_102_444_800_000
