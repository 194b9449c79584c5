import { STATIC_TABLE } from './hpack-static-table.ts'

/** Name and value; names in lower case, both latin1. */
export type HeaderFields = readonly (readonly [name: string, value: string])[]

/**
 * A header block (RFC 7541) that means the same on every connection at any time: entries of the static table and
 * literals that are not indexed. So blocks that repeat are made once, and no table is kept per connection.
 */
export function encodeFields(fields: HeaderFields): Buffer {
  const bytes: number[] = []
  for (const [name, value] of fields) {
    const whole = STATIC_TABLE.findIndex((entry) => entry[0] === name && entry[1] === value) + 1
    if (whole > 0) {
      integer(bytes, whole, 7, 0x80)
      continue
    }
    const named = STATIC_TABLE.findIndex((entry) => entry[0] === name) + 1
    integer(bytes, named, 4, 0)
    if (named === 0) text(bytes, name)
    text(bytes, value)
  }
  return Buffer.from(bytes)
}

function text(bytes: number[], value: string): void {
  integer(bytes, value.length, 7, 0)
  for (const byte of Buffer.from(value, 'latin1')) bytes.push(byte)
}

function integer(bytes: number[], value: number, prefixBits: number, pattern: number): void {
  const max = 2 ** prefixBits - 1
  if (value < max) {
    bytes.push(pattern | value)
    return
  }
  bytes.push(pattern | max)
  let rest = value - max
  while (rest >= 0x80) {
    bytes.push((rest & 0x7f) | 0x80)
    rest >>= 7
  }
  bytes.push(rest)
}
