import { decimalText } from '../core/decimal.ts'
import type { AnswerSink } from './answer-sink.ts'
import { readIdText, readUuidBytes } from './id-text.ts'

/**
 * Reads an answer in ID_FORMAT_NUMBERS without the generated codec, which makes a bigint and a text of every number and
 * so takes longer to read a thousand than the server to answer them.
 *
 *     field 6: numbers, eight bytes each    field 3: UUIDs, 16 bytes each (of a tag that has no numbers now)
 *     fields 4 and 5: by which algorithm, degraded        anything else was not asked for
 *
 * Returns false for what has no ID or is no such answer.
 */
export function readNumbersAnswer(message: Buffer, sink: AnswerSink): boolean {
  let at = 0
  let ids = 0
  while (at < message.length) {
    const tag = message[at]
    if (tag === ALGORITHM || tag === DEGRADED) {
      at += 2
      continue
    }
    if (tag !== NUMBERS && tag !== UUIDS) return false
    const [length, from] = lengthAt(message, at + 1)
    const width = tag === NUMBERS ? NUMBER_BYTES : UUID_BYTES
    if (from + length > message.length || length % width !== 0) return false
    if (tag === UUIDS) readUuidBytes(message.subarray(from, from + length), sink)
    else for (let i = from; i < from + length; i += NUMBER_BYTES) readNumber(message, i, sink)
    ids += length / width
    at = from + length
  }
  return ids > 0
}

function readNumber(message: Buffer, at: number, sink: AnswerSink): void {
  const lo = message.readUInt32LE(at)
  const hi = message.readUInt32LE(at + 4)
  if (hi >= SAFE_HI) {
    readIdText(decimalText(hi, lo), sink)
    return
  }
  const value = hi * TWO_32 + lo
  const upper = Math.floor(value / BILLION)
  sink.numbers(upper, value - upper * BILLION, 1)
}

/** A varint, and where it ends. */
function lengthAt(message: Buffer, at: number): [length: number, end: number] {
  let length = 0
  let end = at
  for (let scale = 1; scale <= LENGTH_SCALE_MAX; scale *= 128) {
    // Beyond the end: more than any message has.
    const byte = message[end] ?? 0x7f
    end += 1
    length += (byte & 0x7f) * scale
    if (byte < 0x80) break
  }
  return [length, end]
}

/** Field number and wire type. */
const UUIDS = (3 << 3) | 2
const ALGORITHM = (4 << 3) | 0
const DEGRADED = (5 << 3) | 0
const NUMBERS = (6 << 3) | 2
const NUMBER_BYTES = 8
const UUID_BYTES = 16
const TWO_32 = 2 ** 32
const BILLION = 1e9
/** Below it a double is exact. */
const SAFE_HI = 2 ** 21
/** Four bytes say lengths up to 256 MB, and a message may have 16. */
const LENGTH_SCALE_MAX = 128 ** 3
