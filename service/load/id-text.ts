import type { AnswerSink } from './answer-sink.ts'

/**
 * Reads the ID in bytes[from, to): a decimal number below 2^63 and a UUID without making a text of it, what else a tag with a
 * format may give as a text. Returns false for anything else.
 */
export function readId(bytes: Buffer, from: number, to: number, sink: AnswerSink): boolean {
  const read = to - from === UUID_LENGTH ? readUuid(bytes, from, sink) : readNumber(bytes, from, to, sink)
  return read || readFormatted(bytes, from, to, sink)
}

/** The decimal number below 2^63 in bytes[from, to). Returns false for anything else. */
export function readNumber(bytes: Uint8Array, from: number, to: number, sink: AnswerSink): boolean {
  const length = to - from
  if (length < 1 || length > DIGITS_MAX || (length > 1 && bytes[from] === ZERO)) return false
  const split = Math.max(from, to - LOWER_DIGITS)
  let upper = 0
  for (let at = from; at < split; at += 1) {
    const digit = (bytes[at] as number) - ZERO
    if (digit < 0 || digit > 9) return false
    upper = upper * 10 + digit
  }
  let lower = 0
  for (let at = split; at < to; at += 1) {
    const digit = (bytes[at] as number) - ZERO
    if (digit < 0 || digit > 9) return false
    lower = lower * 10 + digit
  }
  if (upper > UPPER_MAX || (upper === UPPER_MAX && lower > LOWER_OF_MAX)) return false
  sink.numbers(upper, lower, 1)
  return true
}

/** The same of a text, for protocols whose library makes texts. */
export function readIdText(text: string, sink: AnswerSink): boolean {
  if (text.length > FORMATTED_MAX) return false
  return readId(scratch, 0, scratch.write(text, 0, 'latin1'), sink)
}

/** The `count` consecutive numbers from the decimal text on. */
export function readRunText(first: string, count: number, sink: AnswerSink): boolean {
  if (!/^(?:0|[1-9][0-9]{0,18})$/.test(first) || !(count >= 1)) return false
  sink.numbers(Number(first.slice(0, -LOWER_DIGITS)), Number(first.slice(-LOWER_DIGITS)), count)
  return true
}

/** The UUIDs of a packed list, 16 bytes each. */
export function readUuidBytes(bytes: Buffer, sink: AnswerSink): void {
  for (let at = 0; at + 16 <= bytes.length; at += 16)
    sink.uuid(
      bytes.readUInt32BE(at),
      bytes.readUInt32BE(at + 4),
      bytes.readUInt32BE(at + 8),
      bytes.readUInt32BE(at + 12),
    )
}

function readFormatted(bytes: Buffer, from: number, to: number, sink: AnswerSink): boolean {
  if (to === from || to - from > FORMATTED_MAX) return false
  for (let at = from; at < to; at += 1) if (IN_FORMATS[bytes[at] as number] !== 1) return false
  sink.text(bytes.toString('latin1', from, to))
  return true
}

function readUuid(bytes: Uint8Array, from: number, sink: AnswerSink): boolean {
  for (const hyphen of [8, 13, 18, 23]) if (bytes[from + hyphen] !== HYPHEN) return false
  const w0 = hexWord(bytes, from, from + 4)
  const w1 = hexWord(bytes, from + 9, from + 14)
  const w2 = hexWord(bytes, from + 19, from + 24)
  const w3 = hexWord(bytes, from + 28, from + 32)
  if (w0 < 0 || w1 < 0 || w2 < 0 || w3 < 0) return false
  sink.uuid(w0, w1, w2, w3)
  return true
}

/** Eight hex digits, four from each place; -1 where one is none. */
function hexWord(bytes: Uint8Array, first: number, second: number): number {
  let word = 0
  for (let i = 0; i < 8; i += 1) {
    const digit = HEX[bytes[i < 4 ? first + i : second + i - 4] as number] as number
    if (digit < 0) return -1
    word = word * 16 + digit
  }
  return word
}

const ZERO = 0x30
const HYPHEN = 0x2d
const UUID_LENGTH = 36
/** Of 2^63 - 1, as the two parts. */
const DIGITS_MAX = 19
const LOWER_DIGITS = 9
const UPPER_MAX = 9_223_372_036
const LOWER_OF_MAX = 854_775_807
/** Value of each byte as a hex digit, -1 for none. */
const HEX = Int8Array.from({ length: 256 }, (_, byte) => {
  const digit = '0123456789abcdef'.indexOf(String.fromCharCode(byte).toLowerCase())
  return digit
})
/** Of the longest format: prefix, separator and suffix of 16 each, a date of 8, 19 digits and a check character. */
const FORMATTED_MAX = 76
/** What formats are made of: affixes (core/id-format.ts), digits, and the check characters of ISO 7064. */
const IN_FORMATS = Uint8Array.from({ length: 256 }, (_, byte) =>
  /^[A-Za-z0-9._:/#+~*-]$/.test(String.fromCharCode(byte)) ? 1 : 0,
)
const scratch = Buffer.alloc(FORMATTED_MAX)
