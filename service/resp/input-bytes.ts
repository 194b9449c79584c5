/** Bytes of commands, also readable four at a time: there are always SLACK_BYTES behind the last one. */
export interface InputBytes {
  readonly bytes: Buffer
  readonly view: DataView
}

/** A word may be read that begins with the last byte. */
export const SLACK_BYTES = 8

export function inputBytes(length: number): InputBytes {
  // Not from Node's pool: a view must not reach into what others put there.
  const bytes = Buffer.allocUnsafeSlow(length + SLACK_BYTES)
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length) }
}
