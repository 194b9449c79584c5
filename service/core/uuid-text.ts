import { UUID_BYTES } from './id-batch.ts'

/** What a UUID tells about itself (RFC 9562). */
export interface DecodedUuid {
  /** 1..8, as RFC 9562 section 4.2 numbers them. */
  readonly version: number
  /** Unix milliseconds; only version 7 holds them. */
  readonly timeMs: number | undefined
}

/** The 16 bytes from `offset` in the form of RFC 9562 section 4: lower-case hex, 8-4-4-4-12. */
export function uuidText(bytes: Uint8Array, offset = 0): string {
  const b = bytes
  const o = offset
  return (
    `${hex(b, o)}${hex(b, o + 1)}${hex(b, o + 2)}${hex(b, o + 3)}-` +
    `${hex(b, o + 4)}${hex(b, o + 5)}-${hex(b, o + 6)}${hex(b, o + 7)}-` +
    `${hex(b, o + 8)}${hex(b, o + 9)}-${hex(b, o + 10)}${hex(b, o + 11)}` +
    `${hex(b, o + 12)}${hex(b, o + 13)}${hex(b, o + 14)}${hex(b, o + 15)}`
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
const HEX: readonly string[] = Array.from({ length: 256 }, (_, i) => (i + 256).toString(16).slice(1))

function hex(bytes: Uint8Array, index: number): string {
  return HEX[at(bytes, index)] as string
}

function at(bytes: Uint8Array, index: number): number {
  return bytes[index] ?? 0
}
