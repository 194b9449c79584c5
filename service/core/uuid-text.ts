import { UUID_BYTES } from './id-batch.ts'

/** What a UUID tells about itself (RFC 9562). */
export interface DecodedUuid {
  /** 1..8, as RFC 9562 section 4.2 numbers them. */
  readonly version: number
  /** Unix milliseconds; only version 7 holds them. */
  readonly timeMs: number | undefined
}

/**
 * The 16 bytes from `offset` in the form of RFC 9562 section 4: lower-case hex, 8-4-4-4-12. All characters at once: put
 * together piece by piece the text is a tree of its pieces, which whoever sends it has to flatten, at four times the cost.
 */
// biome-ignore format: a line for each group of the text
export function uuidText(bytes: Uint8Array, offset = 0): string {
  const b = bytes
  const o = offset
  return String.fromCharCode(
    high(b, o), low(b, o), high(b, o + 1), low(b, o + 1), high(b, o + 2), low(b, o + 2), high(b, o + 3), low(b, o + 3), MINUS,
    high(b, o + 4), low(b, o + 4), high(b, o + 5), low(b, o + 5), MINUS,
    high(b, o + 6), low(b, o + 6), high(b, o + 7), low(b, o + 7), MINUS,
    high(b, o + 8), low(b, o + 8), high(b, o + 9), low(b, o + 9), MINUS,
    high(b, o + 10), low(b, o + 10), high(b, o + 11), low(b, o + 11), high(b, o + 12), low(b, o + 12), high(b, o + 13), low(b, o + 13), high(b, o + 14), low(b, o + 14), high(b, o + 15), low(b, o + 15),
  )
}

/** The bytes of a UUID text; upper case is read too (RFC 9562 section 4). undefined for anything else. */
export function parseUuid(text: string): Uint8Array | undefined {
  if (!UUID.test(text)) return undefined
  const digits = text.replaceAll('-', '')
  const bytes = new Uint8Array(UUID_BYTES)
  for (let i = 0; i < UUID_BYTES; i++) bytes[i] = Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16)
  return bytes
}

/** undefined where the text is no UUID, or its variant or version none of RFC 9562 (nil and max UUID included). */
export function decodeUuid(text: string): DecodedUuid | undefined {
  const bytes = parseUuid(text)
  if (bytes === undefined) return undefined
  const version = at(bytes, 6) >>> 4
  if (at(bytes, 8) >>> 6 !== VARIANT || version < 1 || version > 8) return undefined
  if (version !== 7) return { version, timeMs: undefined }
  let timeMs = 0
  for (let i = 0; i < TIME_BYTES; i++) timeMs = timeMs * 256 + at(bytes, i)
  return { version, timeMs }
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
const VARIANT = 0b10
/** Version 7 begins with 48 bits of Unix milliseconds. */
const TIME_BYTES = 6
const MINUS = 45
const HEX = Uint8Array.from('0123456789abcdef', (digit) => digit.charCodeAt(0))

function high(bytes: Uint8Array, index: number): number {
  return HEX[at(bytes, index) >>> 4] ?? 0
}

function low(bytes: Uint8Array, index: number): number {
  return HEX[at(bytes, index) & 15] ?? 0
}

function at(bytes: Uint8Array, index: number): number {
  return bytes[index] ?? 0
}
