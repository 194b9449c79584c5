/**
 * Writes DER, the byte form of certificates: only what a certificate of ours consists of (decision 0046). Nothing here reads DER:
 * node:crypto does that.
 */
export function element(tag: number, ...content: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(content)
  const { length } = body
  if (length > 0xffff) throw new RangeError(`${length} bytes are more than any certificate of ours has`)
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...size]), body])
}

export function sequence(...content: readonly Uint8Array[]): Buffer {
  return element(0x30, ...content)
}

export function set(...content: readonly Uint8Array[]): Buffer {
  return element(0x31, ...content)
}

export function octetString(content: Uint8Array): Buffer {
  return element(0x04, content)
}

/** Whole bytes; `unused` bits of the last one do not count. */
export function bitString(content: Uint8Array, unused = 0): Buffer {
  return element(0x03, Buffer.of(unused), content)
}

/** Whole seconds. Two digits of the year until 2049, four from then on, as RFC 5280 wants it. */
export function time(unixMs: number): Buffer {
  const text = new Date(unixMs).toISOString().replaceAll(/[-:T]|\.\d+/g, '')
  return text < '2050' ? element(0x17, Buffer.from(text.slice(2))) : element(0x18, Buffer.from(text))
}

/** "2.5.29.17" */
export function objectIdentifier(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  return element(0x06, Buffer.from([first * 40 + second, ...rest].flatMap(base128)))
}

/** Seven bits a byte, the highest first; all but the last have the first bit set. */
function base128(value: number): number[] {
  const digits = [value & 0x7f]
  for (let rest = value >> 7; rest > 0; rest >>= 7) digits.unshift((rest & 0x7f) | 0x80)
  return digits
}
