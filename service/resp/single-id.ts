import { AS_INTEGER, AS_STRING, type IdForm } from './burst-take.ts'
import type { CommandParser } from './command-parser.ts'

/**
 * The form in which the command that was just parsed wants one ID; undefined: it is another command, or its tag's name
 * is none that could exist. `INCRBY tag 1` is what some clients (redis-py) send for their incr.
 */
export function singleIdForm(parser: CommandParser, bytes: Uint8Array): IdForm | undefined {
  const count = parser.argumentCount
  if (count < 2 || count > 3) return undefined
  const nameLength = parser.length(1)
  if (nameLength < 1 || nameLength > TAG_PATH_BYTES_MAX) return undefined
  if (count === 3) return isWord(parser, bytes, 'incrby') && isOne(parser, bytes) ? AS_INTEGER : undefined
  if (isWord(parser, bytes, 'idgen.next')) return AS_STRING
  return isWord(parser, bytes, 'incr') ? AS_INTEGER : undefined
}

/** Three names of 63 and two slashes. */
const TAG_PATH_BYTES_MAX = 191
const ONE = 49

function isWord(parser: CommandParser, bytes: Uint8Array, word: string): boolean {
  if (parser.length(0) !== word.length) return false
  const start = parser.start(0)
  // In either case: a bit of a byte tells upper from lower; a dot has it too.
  for (let i = 0; i < word.length; i += 1)
    if (((bytes[start + i] ?? 0) | LOWER_CASE) !== word.charCodeAt(i)) return false
  return true
}

const LOWER_CASE = 0x20

function isOne(parser: CommandParser, bytes: Uint8Array): boolean {
  return parser.length(2) === 1 && bytes[parser.start(2)] === ONE
}
