/**
 * Messages of gRPC within the bytes of an HTTP/2 stream, which are cut anywhere.
 *
 *     │ 0: not compressed │ length, 4 bytes │ message │ …
 */
export class GrpcFrames {
  #rest: Buffer = NOTHING

  /** The whole messages that end in this chunk; undefined where one is compressed, which was not asked for. */
  read(chunk: Buffer): Buffer[] | undefined {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    const messages: Buffer[] = []
    let at = 0
    while (bytes.length - at >= HEAD_BYTES) {
      if (bytes[at] !== 0) return undefined
      const end = at + HEAD_BYTES + bytes.readUInt32BE(at + 1)
      if (end > bytes.length) break
      messages.push(bytes.subarray(at + HEAD_BYTES, end))
      at = end
    }
    this.#rest = at === bytes.length ? NOTHING : bytes.subarray(at)
    return messages
  }
}

/** A message as it is sent. */
export function grpcFrame(message: Uint8Array): Buffer {
  const frame = Buffer.alloc(HEAD_BYTES + message.length)
  frame.writeUInt32BE(message.length, 1)
  frame.set(message, HEAD_BYTES)
  return frame
}

/** How a call ended, out of its trailers: a stable code to count by, and what the server said. undefined: well. */
export function grpcRefusal(
  trailers: GrpcTrailers,
): { readonly code: string; readonly text: string } | undefined {
  const status = Number(trailers['grpc-status'] ?? UNKNOWN)
  if (status === 0) return undefined
  // google.rpc.ErrorInfo is text inside the binary details.
  const details = Buffer.from(String(trailers['grpc-status-details-bin'] ?? ''), 'base64').toString('latin1')
  const code = /IDGEN_[A-Z_]+/.exec(details)?.[0] ?? STATUS_NAMES[status] ?? `GRPC_${status}`
  return { code, text: decoded(String(trailers['grpc-message'] ?? '')) }
}

/** Header names of HTTP/2. */
export type GrpcTrailers = Readonly<Record<string, string | number | readonly string[] | undefined>>

/** The message is percent-encoded. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

const NOTHING: Buffer = Buffer.alloc(0)
const HEAD_BYTES = 5
const UNKNOWN = 2
/** Of google.rpc.Code, by number. */
const STATUS_NAMES: readonly string[] = [
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
]
