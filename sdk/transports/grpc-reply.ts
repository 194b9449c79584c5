/** As node:http2 gives them. */
export type GrpcHeaders = Readonly<Record<string, string | number | readonly string[] | undefined>>

/** What a call of gRPC ended with. */
export interface GrpcEnd {
  /** Of google.rpc.Code; 0: well. */
  readonly status: number
  /** What the other side said about it. */
  readonly text: string
  /** google.rpc.Status, of the trailer grpc-status-details-bin. */
  readonly details: Uint8Array | undefined
  /** Empty unless it ended well. */
  readonly message: Uint8Array
}

/** The answer of one unary call, put together from what its HTTP/2 stream brings. */
export class GrpcReply {
  #httpStatus: number | undefined
  /** Of the trailers, or of the only headers of a call that was refused at once. */
  #status: GrpcHeaders | undefined
  readonly #parts: Buffer[] = []
  #bytes = 0

  begin(headers: GrpcHeaders): void {
    this.#httpStatus = Number(headers[':status'])
    if (headers['grpc-status'] !== undefined) this.#status = headers
  }

  /** false: it is longer than any answer of idgen. */
  add(part: Buffer): boolean {
    this.#bytes += part.length
    if (this.#bytes > ANSWER_BYTES_MAX) return false
    this.#parts.push(part)
    return true
  }

  trailers(headers: GrpcHeaders): void {
    this.#status = headers
  }

  /** undefined: it was cut off. */
  end(): GrpcEnd | undefined {
    if (this.#httpStatus === undefined) return undefined
    const headers = this.#status
    if (this.#httpStatus !== OK)
      return failed(STATUS_OF_HTTP.get(this.#httpStatus) ?? UNKNOWN, `HTTP status ${this.#httpStatus}`)
    if (headers === undefined) return undefined
    const status = Number(headers['grpc-status'] ?? UNKNOWN)
    if (status === 0) return this.#answered()
    const details = headers['grpc-status-details-bin']
    return {
      status: Number.isInteger(status) ? status : UNKNOWN,
      text: decoded(String(headers['grpc-message'] ?? '')),
      details: details === undefined ? undefined : Buffer.from(String(details), 'base64'),
      message: NO_BYTES,
    }
  }

  /** Before the message stand a byte that says whether it is compressed, and its length in four. */
  #answered(): GrpcEnd {
    const bytes = Buffer.concat(this.#parts, this.#bytes)
    if (bytes.length < HEAD_BYTES) return failed(INTERNAL, 'an empty answer')
    if (bytes[0] !== 0) return failed(INTERNAL, 'a compressed answer, which was not asked for')
    if (bytes.readUInt32BE(1) !== bytes.length - HEAD_BYTES) return failed(INTERNAL, 'not one whole message')
    return { status: 0, text: '', details: undefined, message: bytes.subarray(HEAD_BYTES) }
  }
}

/** A message as it is sent. */
export function grpcFrame(message: Uint8Array): Buffer {
  const frame = Buffer.alloc(HEAD_BYTES + message.length)
  frame.writeUInt32BE(message.length, 1)
  frame.set(message, HEAD_BYTES)
  return frame
}

function failed(status: number, text: string): GrpcEnd {
  return { status, text, details: undefined, message: NO_BYTES }
}

/** The message is percent-encoded. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

const OK = 200
const NO_BYTES = new Uint8Array(0)
const HEAD_BYTES = 5
/** Ten times the longest answer: 10,000 UUIDs, or a million snowflakes as runs. */
const ANSWER_BYTES_MAX = 16_777_216
const UNKNOWN = 2
const INTERNAL = 13
/** What gRPC makes of an answer that somebody on the way gave (its document http-grpc-status-mapping). */
const STATUS_OF_HTTP: ReadonlyMap<number, number> = new Map([
  [400, 13],
  [401, 16],
  [403, 7],
  [404, 12],
  [429, 14],
  [502, 14],
  [503, 14],
  [504, 14],
])
