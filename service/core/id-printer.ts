import { checkValue } from './check-digit.ts'
import { dateText, periodOf, periodOfDate, periodSize, serialOf } from './dated-numbers.ts'
import { decimalText, type NumberPair, parseDecimal } from './decimal.ts'
import type { IdBatch } from './id-batch.ts'
import { type IdFormat, isWritten, type ResetPeriod, radixOf } from './id-format.ts'
import { NumberShuffle } from './number-shuffle.ts'
import type { NumberSpace } from './tag.ts'

/**
 * Writes the numbers of one tag in its format, and reads them back. No two numbers have the same text: each step can be
 * undone when the format is known, so the text leads back to the number (docs/formats.md has it step by step).
 *
 *     number ──▶ period, serial ──▶ shuffled among those of its length ──▶ digits of the radix, padded ──▶ check, affixes
 */
export class IdPrinter {
  readonly space: NumberSpace
  readonly #format: IdFormat
  readonly #shuffle: NumberShuffle | undefined
  readonly #radix: number
  readonly #width: number

  constructor(space: NumberSpace, format: IdFormat) {
    this.space = space
    this.#format = format
    this.#shuffle = format.shuffleKey === undefined ? undefined : new NumberShuffle(format.shuffleKey)
    this.#radix = radixOf(format)
    this.#width = format.width ?? 1
  }

  /** hi < 2^31, lo < 2^32; a number of the tag's own. With reset or shuffle below 2^53. */
  text(hi: number, lo: number): string {
    const { prefix = '', suffix = '', separator = '', reset } = this.#format
    const date = reset === undefined ? '' : dateText(reset, periodOf(this.space, hi * TWO_32 + lo))
    const digits = this.#digits(hi, lo).padStart(this.#width, '0')
    return `${prefix}${date}${date === '' ? '' : separator}${digits}${this.#check(date + digits)}${suffix}`
  }

  /** The number that is written so; undefined: none of the tag's is. */
  parse(text: string): NumberPair | undefined {
    if (text.length > TEXT_MAX) return undefined
    const { prefix = '', suffix = '', check, reset } = this.#format
    if (!text.startsWith(prefix) || !text.endsWith(suffix)) return undefined
    const end = text.length - suffix.length - (check === undefined ? 0 : 1)
    const body = text.slice(prefix.length, Math.max(prefix.length, end))
    const number = reset === undefined ? this.#number(body) : this.#datedNumber(reset, body)
    // One spelling alone: what leads to a number in another way (other zeros, a wrong check) is no ID that was handed out.
    return number !== undefined && this.text(number.hi, number.lo) === text ? number : undefined
  }

  /** The date that stands in the number's text; undefined without one. */
  dateOf({ hi, lo }: NumberPair): string | undefined {
    const { reset } = this.#format
    return reset === undefined ? undefined : dateText(reset, periodOf(this.space, hi * TWO_32 + lo))
  }

  #digits(hi: number, lo: number): string {
    if (this.#format.reset !== undefined) {
      const value = hi * TWO_32 + lo
      const serial = serialOf(this.space, value)
      return digitsOf(this.#radix, this.#shuffledSerial(periodOf(this.space, value), serial, 'forward'))
    }
    if (this.#shuffle !== undefined)
      return digitsOf(this.#radix, this.#shuffledNumber(hi * TWO_32 + lo, 'forward'))
    if (this.#radix === 10) return decimalText(hi, lo)
    if (hi < SAFE_HI) return digitsOf(this.#radix, hi * TWO_32 + lo)
    return wideDigits(this.#radix, BigInt(hi) * 2n ** 32n + BigInt(lo))
  }

  #number(digits: string): NumberPair | undefined {
    if (this.#radix === 10 && this.#shuffle === undefined) return parseDecimal(withoutZeros(digits))
    const value = valueOf(this.#radix, digits)
    if (value === undefined) return undefined
    if (this.#shuffle === undefined) return pairOf(value)
    // At or above 2^53 there is nothing that could have been shuffled.
    return value < SEGMENT_END ? pairOf(BigInt(this.#shuffledNumber(Number(value), 'backward'))) : undefined
  }

  #datedNumber(reset: ResetPeriod, body: string): NumberPair | undefined {
    const { separator = '' } = this.#format
    // Serials have exactly `width` digits: a period has fewer numbers than that can write.
    const date = body.slice(0, -this.#width)
    const serial = valueOf(this.#radix, body.slice(-this.#width))
    const period = periodOfDate(reset, date.slice(0, date.length - separator.length))
    if (period === undefined || serial === undefined || serial < 1n) return undefined
    if (serial > BigInt(periodSize(this.space))) return undefined
    const place = this.#shuffledSerial(period, Number(serial), 'backward')
    const value = BigInt(period) * BigInt(periodSize(this.space)) + BigInt(place)
    return value < SEGMENT_END ? pairOf(value) : undefined
  }

  /** Serials of a period among themselves; the period is the tweak, so that no two days have the same order. */
  #shuffledSerial(period: number, serial: number, way: 'forward' | 'backward'): number {
    if (this.#shuffle === undefined) return serial
    return this.#shuffle[way](periodSize(this.space), serial - 1, period) + 1
  }

  /** Numbers of one length among themselves: those that fit into `width` digits, those with one more, and so on. */
  #shuffledNumber(value: number, way: 'forward' | 'backward'): number {
    let from = 0
    let length = this.#width
    let to = this.#radix ** length
    while (value >= to) {
      from = to
      to *= this.#radix
      length += 1
    }
    const size = Math.min(to, Number(SEGMENT_END)) - from
    return from + (this.#shuffle?.[way](size, value - from, length) ?? value - from)
  }

  #check(digits: string): string {
    const { check } = this.#format
    if (check === undefined) return ''
    const values = Array.from(digits, (digit) => ALPHABET.indexOf(digit))
    return ALPHABET[checkValue(check, values, this.#radix)] ?? ''
  }
}

/** undefined: numbers are written as they are. */
export function printerOf(space: NumberSpace): IdPrinter | undefined {
  return isWritten(space.format) ? new IdPrinter(space, space.format) : undefined
}

/** All numbers of the batch, each written by `printer`. */
export function writtenTexts(batch: IdBatch, printer: IdPrinter): string[] {
  const texts: string[] = []
  for (let run = 0; run < batch.runCount; run += 1) {
    const [hi, lo] = [batch.runHi(run), batch.runLo(run)]
    for (let at = 0; at < batch.runLength(run); at += 1) {
      const low = lo + at
      texts.push(low < TWO_32 ? printer.text(hi, low) : printer.text(hi + 1, low - TWO_32))
    }
  }
  return texts
}

/** In the order of their bytes, so that texts of one length sort as their numbers. */
const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

function digitsOf(radix: number, value: number): string {
  let text = ''
  let left = value
  do {
    text = (ALPHABET[left % radix] ?? '') + text
    left = Math.floor(left / radix)
  } while (left > 0)
  return text
}

/** At and above 2^53, where a double loses digits. */
function wideDigits(radix: number, value: bigint): string {
  let text = ''
  for (let left = value; left > 0n; left /= BigInt(radix))
    text = (ALPHABET[Number(left % BigInt(radix))] ?? '') + text
  return text
}

/** undefined for what is no digit of the radix, and for values that no ID has. */
function valueOf(radix: number, digits: string): bigint | undefined {
  let value = 0n
  for (const char of digits) {
    const digit = ALPHABET.indexOf(char)
    if (digit < 0 || digit >= radix) return undefined
    value = value * BigInt(radix) + BigInt(digit)
  }
  return digits === '' || value >= VALUES_END ? undefined : value
}

function withoutZeros(digits: string): string {
  return digits.replace(/^0+(?=\d)/, '')
}

function pairOf(value: bigint): NumberPair {
  return { hi: Number(value >> 32n), lo: Number(value & 0xffff_ffffn) }
}

const TWO_32 = 2 ** 32
const SAFE_HI = 2 ** 21
const SEGMENT_END = 2n ** 53n
const VALUES_END = 2n ** 63n
/** Both affixes, the longest date and separator, the longest digits, a check. */
export const TEXT_MAX = 96
