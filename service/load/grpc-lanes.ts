import { type ClientHttp2Stream, constants } from 'node:http2'
import {
  GenerateBatchRequest,
  GenerateBatchResponse,
  GenerateRequest,
  GenerateResponse,
  IdFormat,
} from '../grpc/generated/idgen/v1/id_service.ts'
import { MALFORMED } from './answer-sink.ts'
import { CONNECTION_LOST, type Connect, type Connection, type ConnectionEvents } from './connection.ts'
import { CyclicRequests } from './cyclic-requests.ts'
import { GrpcFrames, type GrpcTrailers, grpcFrame, grpcRefusal } from './grpc-frames.ts'
import { readNumbersAnswer } from './grpc-numbers.ts'
import { GrpcSession } from './grpc-session.ts'
import { readIdText, readRunText, readUuidBytes } from './id-text.ts'
import type { LoadPlan } from './load-plan.ts'
import type { Lanes } from './open-lanes.ts'

/**
 * gRPC on Node's HTTP/2, without a gRPC library: that one costs several times as much for each call as what it calls.
 *
 *     unary     calls end in any order, so each of the `pipeline` calls of a connection is a lane of its own
 *     stream    one per connection; its answers come in the order of the requests
 */
export function unaryLanes(plan: LoadPlan): Lanes {
  const sessions = sessionsOf(plan)
  const method = unaryMethod(plan)
  const connects = sessions.flatMap((session) =>
    Array.from(
      { length: plan.pipeline },
      (): Connect => async (events) => {
        await session.open()
        return new UnaryConnection(session, method, events)
      },
    ),
  )
  return { connects, depth: 1, close: () => sessions.forEach((session) => session.close()) }
}

export function streamLanes(plan: LoadPlan): Lanes {
  const sessions = sessionsOf(plan)
  const requests = requestsOf(plan, plan.pipeline)
  const read = readerOf(plan)
  const connects = sessions.map(
    (session): Connect =>
      async (events) => {
        await session.open()
        return new StreamConnection(session.call(`${SERVICE}/GenerateStream`), { requests, read }, events)
      },
  )
  return { connects, depth: plan.pipeline, close: () => sessions.forEach((session) => session.close()) }
}

/** Gives the IDs of a message to the sink; false: there is something else in it. */
type ReadIds = (message: Buffer, events: ConnectionEvents) => boolean

interface Method {
  readonly requests: CyclicRequests
  readonly read: ReadIds
}

interface UnaryMethod extends Method {
  readonly path: string
}

function unaryMethod(plan: LoadPlan): UnaryMethod {
  if (plan.batch > 1)
    return { path: `${SERVICE}/GenerateBatch`, requests: requestsOf(plan, 1), read: readerOf(plan) }
  const requests = new CyclicRequests(
    plan.tags.map((tag) => grpcFrame(GenerateRequest.encode({ tag }).finish())),
    1,
  )
  return {
    path: `${SERVICE}/Generate`,
    requests,
    read: (message, events) => readIdText(GenerateResponse.decode(message).id, events),
  }
}

const SERVICE = '/idgen.v1.IdService'
const FORMATS = { runs: IdFormat.RUNS, text: IdFormat.TEXT, numbers: IdFormat.NUMBERS } as const

/** GenerateBatchRequest and GenerateStreamRequest have the same fields under the same numbers. */
function requestsOf({ tags, batch, form }: LoadPlan, windowMax: number): CyclicRequests {
  const format = FORMATS[form]
  return new CyclicRequests(
    tags.map((tag) => grpcFrame(GenerateBatchRequest.encode({ tag, count: batch, format }).finish())),
    windowMax,
  )
}

function readerOf({ form }: LoadPlan): ReadIds {
  return form === 'numbers' ? readNumbersAnswer : readBatch
}

/** Texts, runs or packed UUIDs, whichever the server chose; the answers of a stream have the same fields. */
function readBatch(message: Buffer, events: ConnectionEvents): boolean {
  const answer: GenerateBatchResponse = GenerateBatchResponse.decode(message)
  for (const text of answer.texts) if (!readIdText(text, events)) return false
  for (const { first, count } of answer.runs) if (!readRunText(first, count, events)) return false
  readUuidBytes(answer.uuids, events)
  return true
}

class UnaryConnection implements Connection {
  readonly #session: GrpcSession
  readonly #method: UnaryMethod
  readonly #events: ConnectionEvents
  #over = false

  constructor(session: GrpcSession, method: UnaryMethod, events: ConnectionEvents) {
    this.#session = session
    this.#method = method
    this.#events = events
  }

  ask(from: number): number {
    if (!this.#session.usable) {
      this.#lose('the server wants no more calls on this connection', true)
      return 0
    }
    const frame = this.#method.requests.window(from, 1)
    const call = this.#session.call(this.#method.path)
    const answer: Buffer[] = []
    const ending = endingOf(call)
    call.on('data', (chunk: Buffer) => answer.push(chunk))
    call.on('end', () => this.#end(ending(), answer))
    call.on('close', () => {
      if (ending() === undefined) this.#lose('the call was cut off', isRefused(call))
    })
    call.end(frame)
    return frame.length
  }

  close(): void {
    this.#over = true
  }

  #end(trailers: GrpcTrailers | undefined, answer: readonly Buffer[]): void {
    if (this.#over || trailers === undefined) return
    const events = this.#events
    events.received(answer.reduce((sum, { length }) => sum + length, 0))
    const refusal = grpcRefusal(trailers)
    if (refusal !== undefined) events.refused(refusal.code, refusal.text)
    else if (this.#read(answer)) events.answered()
    else events.refused(MALFORMED, 'an answer without an ID')
    events.settled()
  }

  #read(answer: readonly Buffer[]): boolean {
    const [only] = answer
    const bytes = answer.length === 1 && only !== undefined ? only : Buffer.concat(answer)
    const messages = new GrpcFrames().read(bytes) ?? []
    return messages.length === 1 && messages.every((message) => this.#method.read(message, this.#events))
  }

  #lose(text: string, resend: boolean): void {
    if (this.#over) return
    this.#over = true
    this.#events.lost(CONNECTION_LOST, text, resend)
  }
}

class StreamConnection implements Connection {
  readonly #call: ClientHttp2Stream
  readonly #method: Method
  readonly #events: ConnectionEvents
  readonly #frames = new GrpcFrames()
  #over = false

  constructor(call: ClientHttp2Stream, method: Method, events: ConnectionEvents) {
    this.#call = call
    this.#method = method
    this.#events = events
    const ending = endingOf(call)
    call.on('data', (chunk: Buffer) => this.#onBytes(chunk))
    call.on('close', () => this.#onClose(ending()))
  }

  ask(from: number, count: number): number {
    const frames = this.#method.requests.window(from, count)
    this.#call.write(frames)
    return frames.length
  }

  close(): void {
    this.#over = true
    this.#call.close(constants.NGHTTP2_CANCEL)
  }

  #onBytes(chunk: Buffer): void {
    if (this.#over) return
    const events = this.#events
    events.received(chunk.length)
    const messages = this.#frames.read(chunk)
    if (messages === undefined) {
      this.close()
      return events.lost(MALFORMED, 'a compressed message, which was not asked for', false)
    }
    for (const message of messages)
      if (this.#method.read(message, events)) events.answered()
      else events.refused(MALFORMED, 'an ID that no tag gives')
    events.settled()
  }

  #onClose(trailers: GrpcTrailers | undefined): void {
    if (this.#over) return
    this.#over = true
    if (trailers === undefined)
      return this.#events.lost(CONNECTION_LOST, 'the stream was cut off', isRefused(this.#call))
    const { code, text } = grpcRefusal(trailers) ?? {
      code: 'STREAM_ENDED',
      text: 'the server ended the stream',
    }
    // proto/idgen/v1: open another stream and send again what was not answered.
    this.#events.lost(code, text, code === SHUTTING_DOWN)
  }
}

/** Where the status of a call will be: in its trailers, or in its only headers. */
function endingOf(call: ClientHttp2Stream): () => GrpcTrailers | undefined {
  let trailers: GrpcTrailers | undefined
  call.on('response', (headers) => {
    if (headers['grpc-status'] !== undefined) trailers = headers
    else if (headers[':status'] !== 200)
      trailers = { 'grpc-status': 2, 'grpc-message': `HTTP status ${headers[':status']}` }
  })
  call.on('trailers', (headers: GrpcTrailers) => {
    trailers = headers
  })
  // Told by 'close', which comes in every case.
  call.on('error', () => undefined)
  return () => trailers
}

/** The server did nothing about it (RFC 9113, section 8.7). */
function isRefused(call: ClientHttp2Stream): boolean {
  return call.rstCode === constants.NGHTTP2_REFUSED_STREAM
}

function sessionsOf(plan: LoadPlan): GrpcSession[] {
  return Array.from({ length: plan.connections }, () => new GrpcSession(plan))
}

const SHUTTING_DOWN = 'IDGEN_SHUTTING_DOWN'
