/**
 * The little of the protobuf encoding that the client needs, so that it has no dependency for it: three requests and
 * four answers, tested against the generated code of the service (test/sdk-grpc-codec.test.ts).
 */
export interface WireField {
  readonly number: number
  /** Of a varint or fixed number; 0 for bytes. Exact up to 2^53. */
  readonly value: number
  /** Of a fixed64. */
  readonly wide: bigint
  /** Of what has a length; empty otherwise. */
  readonly bytes: Uint8Array
}

/** @throws when it is no message */
export function* wireFields(message: Uint8Array): Generator<WireField> {
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength)
  for (let at = 0; at < message.length; ) {
    const [tag, from] = varint(message, at)
    const number = Math.floor(tag / 8)
    switch (tag % 8) {
      case VARINT: {
        const [value, next] = varint(message, from)
        yield { number, value, wide: 0n, bytes: NO_BYTES }
        at = next
        break
      }
      case FIXED64:
        yield { number, value: 0, wide: view.getBigUint64(from, true), bytes: NO_BYTES }
        at = from + 8
        break
      case BYTES: {
        const [length, start] = varint(message, from)
        if (start + length > message.length) throw new Error('the message ends within a field')
        yield { number, value: 0, wide: 0n, bytes: message.subarray(start, start + length) }
        at = start + length
        break
      }
      case FIXED32:
        yield { number, value: view.getUint32(from, true), wide: 0n, bytes: NO_BYTES }
        at = from + 4
        break
      default:
        throw new Error(`the message has a field of kind ${tag % 8}`)
    }
  }
}

/** A field with a length: text, bytes or a message. Nothing where it is empty, as proto3 wants it. */
export function bytesField(number: number, bytes: Uint8Array): Uint8Array[] {
  return bytes.length === 0 ? [] : [varintOf(number * 8 + BYTES), varintOf(bytes.length), bytes]
}

export function varintField(number: number, value: number): Uint8Array[] {
  return value === 0 ? [] : [varintOf(number * 8 + VARINT), varintOf(value)]
}

const VARINT = 0
const FIXED64 = 1
const BYTES = 2
const FIXED32 = 5
const NO_BYTES = new Uint8Array(0)
/** A varint of 64 bits. */
const VARINT_BYTES_MAX = 10

function varint(message: Uint8Array, from: number): [value: number, next: number] {
  let value = 0
  for (let at = 0; at < VARINT_BYTES_MAX; at += 1) {
    const byte = message[from + at]
    if (byte === undefined) throw new Error('the message ends within a number')
    value += (byte % 128) * 128 ** at
    if (byte < 128) return [value, from + at + 1]
  }
  throw new Error('the message has a number of more than 64 bits')
}

function varintOf(value: number): Uint8Array {
  const bytes: number[] = []
  for (let left = value; ; left = Math.floor(left / 128)) {
    if (left < 128) return Uint8Array.from([...bytes, left])
    bytes.push((left % 128) + 128)
  }
}
