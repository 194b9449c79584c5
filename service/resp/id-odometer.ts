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
  readonly #text = new Uint8Array(TEXT_BYTES)
  readonly #view = new DataView(this.#text.buffer)
  #from = END
  #hi = -1
  #lo = 0

  constructor() {
    this.#text[END] = CR
    this.#text[END + 1] = LF
  }

  /** Puts it on hi · 2^32 + lo; does nothing where it stands there already. */
  set(hi: number, lo: number): void {
    if (hi === this.#hi && lo === this.#lo) return
    this.#hi = hi
    this.#lo = lo
    const digits = decimalText(hi, lo)
    this.#from = END - 1 - digits.length
    this.#text[this.#from] = COLON
    for (let i = 0; i < digits.length; i += 1) this.#text[this.#from + 1 + i] = digits.charCodeAt(i)
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
    const source = this.#view
    let at = out.length
    for (let i = from; i < END + 2; i += 4, at += 4) target.setInt32(at, source.getInt32(i, true), true)
    out.length += END + 2 - from
  }

  #countUp(): void {
    this.#lo += 1
    if (this.#lo === TWO_32) {
      this.#lo = 0
      this.#hi += 1
    }
    const text = this.#text
    let at = END - 1
    while (text[at] === NINE) {
      text[at] = ZERO
      at -= 1
    }
    const digit = text[at] ?? 0
    if (digit !== COLON) {
      text[at] = digit + 1
      return
    }
    // 999 became 000: one digit more.
    text[at] = ZERO + 1
    this.#from = at - 1
    text[this.#from] = COLON
  }
}

/** Of one number, frame included, with what a copy by words may write beyond it. */
export const PRINT_BYTES_MAX = 32

const TWO_32 = 2 ** 32
const SAFE_HI = 2 ** 21
/** 19 digits of 2^63 - 1 and the colon fit before it. */
const END = 20
/** A word may be read that begins with the last byte. */
const TEXT_BYTES = END + 8
const COLON = 58
const ZERO = 48
const NINE = 57
const CR = 13
const LF = 10
