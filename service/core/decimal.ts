/**
 * Decimal text of 63-bit numbers held as two uint32, without bigint (one bigint per ID costs 10 to 30 times
 * as much) and without a double, which loses digits above 2^53.
 *
 *     value = hi · 2^32 + lo = high · 10^9 + low      high < 9.3 · 10^9, low < 10^9: both exact in a double
 */

/** An unsigned number below 2^63: hi · 2^32 + lo, hi < 2^31. */
export interface NumberPair {
  readonly hi: number
  readonly lo: number
}

/**
 * hi < 2^31, lo < 2^32, both unsigned integers. Any other input gives wrong digits, not an error.
 *
 * The last digits come from a table: V8 remembers the text of each number that it prints (its number string cache, in the old part of
 * the heap), so the texts of IDs outlived their requests, 24 bytes each, and every ten seconds of 30,000 single IDs a second the old part was
 * collected, which holds answers up for tens of milliseconds where all processors are busy.
 */
export function decimalText(hi: number, lo: number): string {
  if (hi < SAFE_HI) return safeText(hi * TWO_32 + lo)
  // Schoolbook division in steps of 16 bits: every intermediate stays below 2^46.
  const q2 = Math.floor(hi / BILLION)
  const c1 = (hi - q2 * BILLION) * TWO_16 + (lo >>> 16)
  const q1 = Math.floor(c1 / BILLION)
  const c0 = (c1 - q1 * BILLION) * TWO_16 + (lo & 0xffff)
  const q0 = Math.floor(c0 / BILLION)
  const low = c0 - q0 * BILLION
  const thousands = Math.floor(low / 1000)
  const millions = Math.floor(thousands / 1000)
  const lowText =
    lastThree(millions) + lastThree(thousands - millions * 1000) + lastThree(low - thousands * 1000)
  return String(q2 * TWO_32 + q1 * TWO_16 + q0) + lowText
}

/** Of a number below 2^53. What stands before the last three digits is the same for a thousand IDs. */
function safeText(value: number): string {
  if (value < 1000) return String(value)
  const thousands = Math.floor(value / 1000)
  return String(thousands) + lastThree(value - thousands * 1000)
}

function lastThree(digits: number): string {
  return LAST_THREE[digits] as string
}

/**
 * Pushes the texts of the `count` (0 or more) numbers from (hi, lo) upwards; the last one must be below 2^63.
 * All but the last three digits stay the same for up to 1000 numbers, so they are made once for all of them.
 */
export function runTexts(hi: number, lo: number, count: number, out: string[]): void {
  let left = count
  let at: NumberPair = { hi, lo }
  while (left > 0) {
    const text = decimalText(at.hi, at.lo)
    const first = Number(text.slice(-3))
    const n = Math.min(left, 1000 - first)
    const prefix = text.slice(0, -3)
    if (text.length <= 3) for (let i = 0; i < n; i++) out.push(String(first + i))
    else for (let i = 0; i < n; i++) out.push(prefix + lastThree(first + i))
    left -= n
    at = addToPair(at.hi, at.lo, n)
  }
}

/** (hi, lo) + n, for 0 ≤ n < 2^53 - 2^32. The sum must be below 2^63. */
export function addToPair(hi: number, lo: number, n: number): NumberPair {
  const sum = lo + n
  return { hi: hi + Math.floor(sum / TWO_32), lo: sum >>> 0 }
}

/**
 * The number that `text` is the canonical decimal of: digits only, no sign, no leading zero, below 2^63.
 * undefined for anything else: two texts must never name the same ID.
 */
export function parseDecimal(text: string): NumberPair | undefined {
  if (!CANONICAL.test(text)) return undefined
  const high = Number(text.slice(0, -9))
  const low = Number(text.slice(-9))
  // high · 10^9 needs 63 bits, so it is multiplied in two halves of 16 bits.
  const y = (high % TWO_16) * BILLION + low
  const z = Math.floor(high / TWO_16) * BILLION + Math.floor(y / TWO_16)
  const hi = Math.floor(z / TWO_16)
  if (hi >= TWO_31) return undefined
  return { hi, lo: ((z % TWO_16) * TWO_16 + (y % TWO_16)) >>> 0 }
}

const TWO_16 = 2 ** 16
const TWO_31 = 2 ** 31
const TWO_32 = 2 ** 32
/** Below this the whole value is under 2^53, exact in one double. */
const SAFE_HI = 2 ** 21
const BILLION = 1_000_000_000
const CANONICAL = /^(?:0|[1-9][0-9]{0,18})$/
/** '000' to '999'. */
const LAST_THREE: readonly string[] = Array.from({ length: 1000 }, (_, i) => String(i + 1000).slice(1))
