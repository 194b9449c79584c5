/**
 * Writes DER, the byte form of certificates, and only what a certificate of ours consists of. Nothing here reads DER:
 * node:crypto does that.
 */
export function sequence(...parts: readonly Uint8Array[]): Buffer {
  return element(0x30, Buffer.concat(parts))
}

export function set(...parts: readonly Uint8Array[]): Buffer {
  return element(0x31, Buffer.concat(parts))
}

/** Of a number 0 to 127. */
export function smallInteger(value: number): Buffer {
  if (!Number.isInteger(value) || value < 0 || value > 127) throw new RangeError(`${value} is not 0 to 127`)
  return element(0x02, Buffer.of(value))
}

/** Of a positive number, given as its bytes, the highest first. */
export function integer(bytes: Uint8Array): Buffer {
  const start = bytes.findIndex((byte) => byte !== 0)
  if (start < 0) throw new RangeError('zero has no place in a certificate')
  const digits = bytes.subarray(start)
  // A first bit of 1 would make it negative.
  return element(0x02, (digits[0] ?? 0) < 0x80 ? digits : Buffer.concat([Buffer.of(0), digits]))
}

export function boolean(value: boolean): Buffer {
  return element(0x01, Buffer.of(value ? 0xff : 0))
}

/** Whole bytes. */
export function bitString(bytes: Uint8Array): Buffer {
  return element(0x03, Buffer.concat([Buffer.of(0), bytes]))
}

/** Bits by their numbers (0 to 7), as a set of named bits has them: zeros at the end are left out. */
export function namedBits(...numbers: readonly number[]): Buffer {
  const byte = numbers.reduce((sum, number) => sum | (0x80 >> number), 0)
  return element(0x03, Buffer.of(7 - Math.max(...numbers), byte))
}

export function octetString(bytes: Uint8Array): Buffer {
  return element(0x04, bytes)
}

export function utf8String(text: string): Buffer {
  return element(0x0c, Buffer.from(text))
}

/** "1.2.840.10045.4.3.2" */
export function objectIdentifier(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  return element(0x06, Buffer.from([first * 40 + second, ...rest].flatMap(base128)))
}

/** Whole seconds. Two digits of the year until 2049, four from then on, as RFC 5280 wants it. */
export function time(unixMs: number): Buffer {
  const text = `${new Date(unixMs).toISOString().replace(/[-:T]|\.\d+/g, '')}`
  const year = Number(text.slice(0, 4))
  return year < 2050 ? element(0x17, Buffer.from(text.slice(2))) : element(0x18, Buffer.from(text))
}

/** [number] around whole elements. */
export function explicit(number: number, content: Uint8Array): Buffer {
  return element(0xa0 | number, content)
}

/** [number] in place of the tag of a primitive value. */
export function implicit(number: number, content: Uint8Array): Buffer {
  return element(0x80 | number, content)
}

function element(tag: number, content: Uint8Array): Buffer {
  return Buffer.concat([Buffer.of(tag), length(content.length), content])
}

function length(size: number): Buffer {
  if (size < 0x80) return Buffer.of(size)
  if (size < 0x100) return Buffer.of(0x81, size)
  if (size < 0x1_0000) return Buffer.of(0x82, size >> 8, size & 0xff)
  throw new RangeError(`${size} bytes are more than any certificate of ours has`)
}

/** Seven bits a byte, the highest first; all but the last have the first bit set. */
function base128(value: number): number[] {
  const digits = [value % 128]
  for (let rest = Math.floor(value / 128); rest > 0; rest = Math.floor(rest / 128))
    digits.unshift((rest % 128) | 0x80)
  return digits
}
