import type { RespLimits } from './resp-limits.ts'
import { maxCommandBytes } from './resp-limits.ts'

/** `parse` stopped because the command is not complete yet. */
export const INCOMPLETE = -1
/** `parse` stopped because this is not the protocol: `fault` says why, and the connection must end. */
export const BROKEN = -2

/**
 * Finds the next command in bytes, in place: no string and no copy is made. Two forms, as Redis takes them:
 *
 *     *2\r\n $4\r\n INCR\r\n $5\r\n w/g/t\r\n     an array of strings, from clients
 *     INCR w/g/t\r\n                             words on a line, from people (no quotes)
 */
export class CommandParser {
  /** Arguments of the command found, its name included; 0: an empty line or array, which has no answer. */
  argumentCount = 0
  fault = ''
  readonly #starts: Int32Array
  readonly #lengths: Int32Array
  readonly #limits: RespLimits
  readonly #maxBytes: number
  #number = 0

  constructor(limits: RespLimits) {
    this.#limits = limits
    this.#maxBytes = maxCommandBytes(limits)
    this.#starts = new Int32Array(limits.maxArguments)
    this.#lengths = new Int32Array(limits.maxArguments)
  }

  start(index: number): number {
    return this.#starts[index] ?? 0
  }

  length(index: number): number {
    return this.#lengths[index] ?? 0
  }

  /** Reads the command at `from`; nothing at or after `end` counts. Returns where it ends, INCOMPLETE or BROKEN. */
  parse(bytes: Uint8Array, from: number, end: number): number {
    this.argumentCount = 0
    if (from >= end) return INCOMPLETE
    const at = bytes[from] === STAR ? this.#array(bytes, from, end) : this.#line(bytes, from, end)
    if (at === INCOMPLETE && end - from > this.#maxBytes)
      return this.#broken(bytes[from] === STAR ? 'too big command' : 'too big inline request')
    return at
  }

  #array(bytes: Uint8Array, from: number, end: number): number {
    let at = this.#readNumber(bytes, from + 1, end)
    if (at === INCOMPLETE) return at
    const count = this.#number
    if (at === BROKEN || count > this.#limits.maxArguments) return this.#broken('invalid multibulk length')
    for (let i = 0; i < count; i += 1) {
      if (at >= end) return INCOMPLETE
      if (bytes[at] !== DOLLAR) return this.#broken(`expected '$', got '${printable(bytes[at])}'`)
      at = this.#readNumber(bytes, at + 1, end)
      if (at === INCOMPLETE) return at
      const length = this.#number
      if (at === BROKEN || length < 0 || length > this.#limits.maxArgumentBytes)
        return this.#broken('invalid bulk length')
      if (at + length + 2 > end) return INCOMPLETE
      if (bytes[at + length] !== CR || bytes[at + length + 1] !== LF)
        return this.#broken('a string does not end where it should')
      this.#starts[i] = at
      this.#lengths[i] = length
      at += length + 2
    }
    this.argumentCount = Math.max(0, count)
    return at
  }

  /** An integer and its line break; its value is in #number. */
  #readNumber(bytes: Uint8Array, from: number, end: number): number {
    let at = from
    const negative = bytes[at] === MINUS
    if (negative) at += 1
    let value = 0
    const first = at
    for (; at < end; at += 1) {
      const digit = (bytes[at] ?? 0) - ZERO
      if (digit < 0 || digit > 9) break
      value = value * 10 + digit
      if (at - first >= DIGITS_MAX) return BROKEN
    }
    if (at + 1 >= end) return at < end && bytes[at] !== CR ? BROKEN : INCOMPLETE
    if (at === first || bytes[at] !== CR || bytes[at + 1] !== LF) return BROKEN
    this.#number = negative ? -value : value
    return at + 2
  }

  #line(bytes: Uint8Array, from: number, end: number): number {
    let count = 0
    let at = from
    for (;;) {
      while (at < end && isBlank(bytes[at])) at += 1
      if (at >= end) return INCOMPLETE
      if (bytes[at] === LF) break
      const start = at
      while (at < end && !isBlank(bytes[at]) && bytes[at] !== LF) at += 1
      if (count >= this.#limits.maxArguments || at - start > this.#limits.maxArgumentBytes)
        return this.#broken('too big inline request')
      this.#starts[count] = start
      this.#lengths[count] = at - start
      count += 1
    }
    this.argumentCount = count
    return at + 1
  }

  #broken(fault: string): number {
    this.argumentCount = 0
    this.fault = fault
    return BROKEN
  }
}

const STAR = 42
const DOLLAR = 36
const MINUS = 45
const ZERO = 48
const CR = 13
const LF = 10
/** Every number of the protocol that is taken has fewer; longer ones would lose digits. */
const DIGITS_MAX = 9

/** A carriage return too: it only ever stands before the line feed. */
function isBlank(byte: number | undefined): boolean {
  return byte === 32 || byte === 9 || byte === CR
}

function printable(byte = 0): string {
  return byte > 32 && byte < 127 ? String.fromCharCode(byte) : '?'
}
