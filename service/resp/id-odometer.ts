import { decimalText } from '../core/decimal.ts'
import type { ReplyBuffer } from './reply-buffer.ts'

/**
 * The text of one number, counted up in place: the next ID costs one digit, where printing it anew costs twenty times
 * as much.
 *
 *      #from ─┐                 ┌─ END
 *     . . . . : 1 2 3 4 5 6 7 8 \r \n        as RESP writes an integer; a string begins with $8\r\n instead of :
 */
export class IdOdometer {
  readonly #text: DataView
  /** Where in `#text` its own ODOMETER_BYTES begin. */
  readonly #at: number
  #from = END
  #hi = -1
  #lo = 0

  /** `text`: shared with others, so that what belongs together lies together in memory. */
  constructor(text: DataView = new DataView(new ArrayBuffer(ODOMETER_BYTES)), at = 0) {
    this.#text = text
    this.#at = at
    text.setUint8(at + END, CR)
    text.setUint8(at + END + 1, LF)
  }

  /** Puts it on hi · 2^32 + lo; does nothing where it stands there already. */
  set(hi: number, lo: number): void {
    if (hi === this.#hi && lo === this.#lo) return
    this.#hi = hi
    this.#lo = lo
    const digits = decimalText(hi, lo)
    this.#from = END - 1 - digits.length
    const first = this.#at + this.#from
    this.#text.setUint8(first, COLON)
    for (let i = 0; i < digits.length; i += 1) this.#text.setUint8(first + 1 + i, digits.charCodeAt(i))
  }

  /** Up to 2^53 - 1: exact in every language. */
  get isSafe(): boolean {
    return this.#hi < SAFE_HI
  }

  /** Counts up without printing. */
  passOver(): void {
    this.#countUp()
  }

  /** Writes `:number\r\n` and counts up. `out` has room for PRINT_BYTES_MAX. */
  printInteger(out: ReplyBuffer): void {
    this.#copy(out, this.#from)
    this.#countUp()
  }

  /** Writes `$length\r\nnumber\r\n` and counts up. */
  printString(out: ReplyBuffer): void {
    out.bulkHead(END - 1 - this.#from)
    this.#copy(out, this.#from + 1)
    this.#countUp()
  }

  /** Four bytes at a time: what is written beyond the end is overwritten by what comes next. */
  #copy(out: ReplyBuffer, from: number): void {
    const target = out.view
    const source = this.#text
    const end = this.#at + END + 2
    let at = out.length
    for (let i = this.#at + from; i < end; i += 4, at += 4)
      target.setInt32(at, source.getInt32(i, true), true)
    out.length += END + 2 - from
  }

  #countUp(): void {
    this.#lo += 1
    if (this.#lo === TWO_32) {
      this.#lo = 0
      this.#hi += 1
    }
    const text = this.#text
    let at = this.#at + END - 1
    let digit = text.getUint8(at)
    while (digit === NINE) {
      text.setUint8(at, ZERO)
      at -= 1
      digit = text.getUint8(at)
    }
    if (digit !== COLON) {
      text.setUint8(at, digit + 1)
      return
    }
    // 999 became 000: one digit more.
    text.setUint8(at, ZERO + 1)
    text.setUint8(at - 1, COLON)
    this.#from = at - 1 - this.#at
  }
}

/** Of one number, frame included, with what a copy by words may write beyond it. */
export const PRINT_BYTES_MAX = 32

const TWO_32 = 2 ** 32
const SAFE_HI = 2 ** 21
/** 19 digits of 2^63 - 1 and the colon fit before it. */
const END = 20
/** Of memory, with what a copy by words may read beyond the last byte. */
export const ODOMETER_BYTES = END + 8
const COLON = 58
const ZERO = 48
const NINE = 57
const CR = 13
const LF = 10
