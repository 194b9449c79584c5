import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { IdgenError } from '../core/errors.ts'
import { certificateTextOf } from '../sockets/client-certificate.ts'
import { type BodyRoom } from './body-room.ts'
import type { PassedAnswer, PassedRequest } from './passed-requests.ts'

export interface HandOverOptions {
  /** Asks the main thread (PassedRequests.answer). */
  readonly passOn: (request: PassedRequest) => Promise<unknown>
  /** Whether the limit of addresses was asked here. */
  readonly counted: boolean
  readonly bodyLimit: number
  readonly room: BodyRoom
  /** Whether the connection should end with this answer. */
  readonly isOver: (socket: Socket) => boolean
}

/**
 * The thread's end: reads a request whole, has the main thread answer it, and tells the answer to the client.
 * @throws IDGEN_OVERLOADED, IDGEN_SHUTTING_DOWN; then nothing was told
 */
export async function handOver(
  request: IncomingMessage,
  response: () => ServerResponse,
  options: HandOverOptions,
): Promise<void> {
  const { bodyLimit, room } = options
  let taken = 0
  try {
    const body = await bodyOf(request, bodyLimit, (bytes) => {
      taken += bytes
      room.take(bytes, taken)
    })
    await passWhole(request, response, body, options)
  } finally {
    room.give(taken)
  }
}

async function passWhole(
  request: IncomingMessage,
  response: () => ServerResponse,
  body: Uint8Array | number,
  { passOn, counted, isOver }: HandOverOptions,
): Promise<void> {
  const { method = '', url = '', socket } = request
  const answer = await passOn({
    method,
    url,
    headers: headersOf(request, body),
    body: body instanceof Uint8Array && body.length > 0 ? body : undefined,
    peer: socket.remoteAddress ?? '',
    certificate: certificateTextOf(socket),
    encrypted: 'encrypted' in socket,
    counted,
  })
  if (!isAnswer(answer))
    throw new IdgenError('IDGEN_SHUTTING_DOWN', 'This server is shutting down; ask another one.', {
      retryAfterMs: 1000,
    })
  tell(response(), answer, isOver(socket))
}

/** A body that is too large is not read on: its length, as far as it is known, is what the main thread refuses it for. */
async function bodyOf(
  request: IncomingMessage,
  limit: number,
  onBytes: (bytes: number) => void,
): Promise<Uint8Array | number> {
  const said = Number(request.headers['content-length'] ?? 0)
  if (said > limit) return said
  const chunks: Uint8Array[] = []
  let length = 0
  try {
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      length += chunk.length
      onBytes(chunk.length)
      if (length > limit) return length
      chunks.push(chunk)
    }
  } catch (cause) {
    if (cause instanceof IdgenError) throw cause
    throw new IdgenError('IDGEN_REQUEST_INVALID', 'The connection ended within the body.', { cause })
  }
  // Memory of its own: what lies in a pool of Node's would be sent with the whole pool.
  const body = new Uint8Array(length)
  let at = 0
  for (const chunk of chunks) {
    body.set(chunk, at)
    at += chunk.length
  }
  return body
}

function headersOf({ headers }: IncomingMessage, body: Uint8Array | number): IncomingMessage['headers'] {
  if (typeof body !== 'number') return headers
  const { 'transfer-encoding': _, ...rest } = headers
  return { ...rest, 'content-length': String(body) }
}

function tell(response: ServerResponse, { status, headers, body }: PassedAnswer, isLast: boolean): void {
  response.statusCode = status
  for (const [name, value] of Object.entries(headers))
    if (!OF_THE_CONNECTION.has(name)) response.setHeader(name, value)
  if (isLast || headers['connection'] === 'close') response.setHeader('connection', 'close')
  response.end(body)
}

/** What is for the connection of this thread to say. */
const OF_THE_CONNECTION: ReadonlySet<string> = new Set([
  'connection',
  'date',
  'keep-alive',
  'transfer-encoding',
])

function isAnswer(answer: unknown): answer is PassedAnswer {
  return typeof answer === 'object' && answer !== null && 'status' in answer
}
