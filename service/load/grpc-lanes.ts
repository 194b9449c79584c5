import {
  Client,
  type ClientDuplexStream,
  credentials,
  Metadata,
  type ServiceError,
  type StatusObject,
  status,
} from '@grpc/grpc-js'
import {
  type GenerateBatchResponse,
  type GenerateResponse,
  type GenerateStreamRequest,
  type GenerateStreamResponse,
  IdFormat,
  IdServiceService,
} from '../grpc/generated/idgen/v1/id_service.ts'
import { MALFORMED } from './answer-sink.ts'
import { CONNECT_LIMIT_MS, type Connect, type Connection, type ConnectionEvents } from './connection.ts'
import { readIdText, readRunText, readUuidBytes } from './id-text.ts'
import type { LoadPlan } from './load-plan.ts'
import type { Lanes } from './open-lanes.ts'

/**
 * Unary calls. They end in any order, so each of the `pipeline` calls under way on a connection is a lane of its own:
 *
 *     connection ─┬─ lane: one call after the other
 *                 └─ lane: …
 */
export function unaryLanes(plan: LoadPlan): Lanes {
  const clients = clientsOf(plan)
  const metadata = metadataOf(plan)
  const connects = clients.flatMap((client) =>
    Array.from(
      { length: plan.pipeline },
      (): Connect => async (events) => {
        await ready(client, plan)
        return new UnaryConnection(client, metadata, plan, events)
      },
    ),
  )
  return { connects, depth: 1, close: () => closeAll(clients) }
}

/** A stream per connection; its answers come in the order of the requests. */
export function streamLanes(plan: LoadPlan): Lanes {
  const clients = clientsOf(plan)
  const metadata = metadataOf(plan)
  const connects = clients.map(
    (client): Connect =>
      async (events) => {
        await ready(client, plan)
        return new StreamConnection(client, metadata, plan, events)
      },
  )
  return { connects, depth: plan.pipeline, close: () => closeAll(clients) }
}

class UnaryConnection implements Connection {
  readonly #client: Client
  readonly #metadata: Metadata
  readonly #plan: LoadPlan
  readonly #events: ConnectionEvents
  #over = false

  // oxlint-disable-next-line max-params -- what a call consists of
  constructor(client: Client, metadata: Metadata, plan: LoadPlan, events: ConnectionEvents) {
    this.#client = client
    this.#metadata = metadata
    this.#plan = plan
    this.#events = events
  }

  ask(from: number): number {
    const { tags, batch } = this.#plan
    const tag = tags[from % tags.length] ?? ''
    return batch === 1 ? this.#generate(tag) : this.#generateBatch(tag, batch)
  }

  close(): void {
    this.#over = true
  }

  #generate(tag: string): number {
    const { path, requestSerialize, responseDeserialize } = IdServiceService.generate
    const request = requestSerialize({ tag })
    let bytes = 0
    const read = (answer: Buffer): GenerateResponse => {
      bytes = answer.length
      return responseDeserialize(answer)
    }
    this.#client.makeUnaryRequest(path, sameBytes, read, request, this.#metadata, (error, answer) =>
      this.#end(error, bytes, () => answer !== undefined && readIdText(answer.id, this.#events)),
    )
    return request.length
  }

  #generateBatch(tag: string, count: number): number {
    const { path, requestSerialize, responseDeserialize } = IdServiceService.generateBatch
    const request = requestSerialize({ tag, count, format: formatOf(this.#plan) })
    let bytes = 0
    const read = (answer: Buffer): GenerateBatchResponse => {
      bytes = answer.length
      return responseDeserialize(answer)
    }
    this.#client.makeUnaryRequest(path, sameBytes, read, request, this.#metadata, (error, answer) =>
      this.#end(error, bytes, () => answer !== undefined && readBatch(answer, this.#events)),
    )
    return request.length
  }

  #end(error: ServiceError | null, bytes: number, read: () => boolean): void {
    if (this.#over) return
    const events = this.#events
    events.received(bytes)
    if (error !== null) events.refused(codeOf(error), error.details)
    else if (read()) events.answered()
    else events.refused(MALFORMED, 'an ID that is neither a number nor a UUID')
    events.settled()
  }
}

class StreamConnection implements Connection {
  readonly #stream: ClientDuplexStream<Buffer, GenerateStreamResponse>
  readonly #events: ConnectionEvents
  readonly #requests: readonly Buffer[]
  #bytes = 0
  #over = false

  // oxlint-disable-next-line max-params -- what a call consists of
  constructor(client: Client, metadata: Metadata, plan: LoadPlan, events: ConnectionEvents) {
    const { path, requestSerialize, responseDeserialize } = IdServiceService.generateStream
    this.#events = events
    const { batch } = plan
    this.#requests = plan.tags.map((tag) =>
      requestSerialize({ tag, count: batch, format: formatOf(plan) } satisfies GenerateStreamRequest),
    )
    const read = (answer: Buffer): GenerateStreamResponse => {
      this.#bytes = answer.length
      return responseDeserialize(answer)
    }
    this.#stream = client.makeBidiStreamRequest(path, sameBytes, read, metadata)
    this.#stream.on('data', (answer: GenerateStreamResponse) => this.#onAnswer(answer))
    // Told by the status as well, which comes in every case.
    this.#stream.on('error', () => undefined)
    this.#stream.on('status', (ending: StatusObject) => this.#lose(ending))
  }

  ask(from: number, count: number): number {
    let bytes = 0
    for (let k = from; k < from + count; k += 1) {
      const request = this.#requests[k % this.#requests.length]
      if (request === undefined) continue
      this.#stream.write(request)
      bytes += request.length
    }
    return bytes
  }

  close(): void {
    this.#over = true
    this.#stream.cancel()
  }

  #onAnswer(answer: GenerateStreamResponse): void {
    if (this.#over) return
    const events = this.#events
    events.received(this.#bytes)
    if (readBatch(answer, events)) events.answered()
    else events.refused(MALFORMED, 'an ID that is neither a number nor a UUID')
    events.settled()
  }

  #lose(ending: StatusObject): void {
    if (this.#over) return
    this.#over = true
    const code = ending.code === status.OK ? 'STREAM_ENDED' : codeOf(ending)
    // proto/idgen/v1: open another stream and send again what was not answered.
    this.#events.lost(code, ending.details, code === SHUTTING_DOWN)
  }
}

/** Texts, runs or packed UUIDs, whichever the server chose. */
function readBatch(answer: GenerateBatchResponse, events: ConnectionEvents): boolean {
  for (const text of answer.texts) if (!readIdText(text, events)) return false
  for (const { first, count } of answer.runs) if (!readRunText(first, count, events)) return false
  readUuidBytes(answer.uuids, events)
  return true
}

function formatOf({ form }: LoadPlan): IdFormat {
  return form === 'runs' ? IdFormat.RUNS : IdFormat.TEXT
}

function clientsOf(plan: LoadPlan): Client[] {
  const { host, port, tls } = plan.target
  const address = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
  const secure =
    tls === undefined
      ? credentials.createInsecure()
      : credentials.createSsl(tls.ca === undefined ? null : Buffer.from(tls.ca))
  return Array.from(
    { length: plan.connections },
    // Without a pool of its own all clients of a process share one connection.
    () =>
      new Client(address, secure, {
        'grpc.use_local_subchannel_pool': 1,
        'grpc.max_receive_message_length': -1,
      }),
  )
}

function closeAll(clients: readonly Client[]): void {
  for (const client of clients) client.close()
}

function ready(client: Client, { target }: LoadPlan): Promise<void> {
  return new Promise((resolve, reject) => {
    client.waitForReady(Date.now() + CONNECT_LIMIT_MS, (error) => {
      if (error === undefined) resolve()
      else reject(new Error(`${target.host}:${target.port} cannot be reached: ${error.message}`))
    })
  })
}

function metadataOf({ key }: LoadPlan): Metadata {
  const metadata = new Metadata()
  if (key !== '') metadata.set('authorization', `Bearer ${key}`)
  return metadata
}

/** The stable code out of google.rpc.ErrorInfo, which is text inside the binary details. */
function codeOf({ code, metadata }: StatusObject): string {
  const [details] = metadata?.get('grpc-status-details-bin') ?? []
  const found = /IDGEN_[A-Z_]+/.exec(Buffer.from(details ?? '').toString('latin1'))?.[0]
  return found ?? status[code] ?? String(code)
}

/** Requests are made into bytes here, to count them. */
function sameBytes(bytes: Buffer): Buffer {
  return bytes
}

const SHUTTING_DOWN = 'IDGEN_SHUTTING_DOWN'
