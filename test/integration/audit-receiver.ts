import { once } from 'node:events'
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'

/** A log record as OTLP brings it, as far as tests look at it. */
export interface CollectedRecord {
  /** The text of its body. */
  readonly line: string
  readonly eventName: string | undefined
  readonly severityNumber: number
  readonly timeUnixNano: string
  readonly traceId: string | undefined
  /** Values as text. */
  readonly attributes: Readonly<Record<string, string>>
  /** Attributes of who sent it. */
  readonly resource: Readonly<Record<string, string>>
}

/** What a receiver does with one request; left out of its list: it takes it. */
export type Answer =
  | 'take and cut'
  /** It takes it, and says so a second later. */
  | 'slow'
  | 'hang'
  | { readonly status: number; readonly retryAfter?: string; readonly text?: string }

interface Attribute {
  readonly key: string
  readonly value: { readonly stringValue?: string; readonly intValue?: string }
}

interface LogsRequest {
  readonly resourceLogs: readonly {
    readonly resource: { readonly attributes: readonly Attribute[] }
    readonly scopeLogs: readonly {
      readonly logRecords: readonly {
        readonly body: { readonly stringValue: string }
        readonly eventName?: string
        readonly severityNumber: number
        readonly timeUnixNano: string
        readonly traceId?: string
        readonly attributes: readonly Attribute[]
      }[]
    }[]
  }[]
}

/** Records of an ExportLogsServiceRequest in the JSON form of OTLP. */
function recordsIn(request: string): CollectedRecord[] {
  const { resourceLogs } = JSON.parse(request) as LogsRequest
  return resourceLogs.flatMap(({ resource, scopeLogs }) =>
    scopeLogs.flatMap(({ logRecords }) =>
      logRecords.map(({ body, eventName, severityNumber, timeUnixNano, traceId, attributes }) => ({
        line: body.stringValue,
        eventName,
        severityNumber,
        timeUnixNano,
        traceId,
        attributes: valuesOf(attributes),
        resource: valuesOf(resource.attributes),
      })),
    ),
  )
}

function valuesOf(attributes: readonly Attribute[]): Record<string, string> {
  return Object.fromEntries(
    attributes.map(({ key, value: { stringValue, intValue } }) => [key, stringValue ?? String(intValue)]),
  )
}

/** A receiver of OTLP logs that keeps what it took, and does what a test wants of it. */
export class AuditReceiver {
  readonly records: CollectedRecord[] = []
  /** What it was sent and did not take. */
  readonly refused: CollectedRecord[] = []
  readonly heads: IncomingHttpHeaders[] = []
  /** For the next requests, one each. */
  readonly answers: Answer[] = []
  /** For all requests that have none of their own; undefined: they are taken. */
  always: Answer | undefined
  readonly #tls: { readonly cert: string; readonly key: string } | undefined
  #server: Server | undefined

  constructor(t: TestContext, tls?: { readonly cert: string; readonly key: string }) {
    this.#tls = tls
    t.after(() => this.stop())
  }

  /** @param port one that was reserved (free-ports.ts), or 0 */
  async start(port: number): Promise<number> {
    const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
      let text = ''
      request.setEncoding('utf8').on('data', (part: string) => (text += part))
      request.on('end', () => this.#answer(request.headers, text, response))
    }
    const server =
      this.#tls === undefined ? createServer(onRequest) : createTlsServer({ ...this.#tls }, onRequest)
    this.#server = server
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    return (server.address() as AddressInfo).port
  }

  /** As a process that is killed: open connections end too. */
  async stop(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    if (server === undefined) return
    const closed = once(server, 'close')
    server.close()
    server.closeAllConnections()
    await closed
  }

  has(subject: string): boolean {
    return isAmong(this.records, subject)
  }

  hasRefused(subject: string): boolean {
    return isAmong(this.refused, subject)
  }

  #answer(head: IncomingHttpHeaders, text: string, response: ServerResponse): void {
    this.heads.push(head)
    const answer = this.answers.shift() ?? this.always
    if (answer === 'hang') return
    if (typeof answer === 'object') {
      this.refused.push(...recordsIn(text))
      const { status, retryAfter, text: body = '' } = answer
      response.writeHead(status, retryAfter === undefined ? {} : { 'retry-after': retryAfter }).end(body)
      return
    }
    this.records.push(...recordsIn(text))
    const taken = (): void => void response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
    if (answer === 'take and cut') response.socket?.destroy()
    else if (answer === 'slow') setTimeout(taken, 1000)
    else taken()
  }
}

function isAmong(records: readonly CollectedRecord[], subject: string): boolean {
  return records.some(({ attributes }) => attributes['idgen.audit.subject'] === subject)
}
