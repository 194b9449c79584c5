import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { type Caller, mayUse } from '../app/authenticator.ts'
import type { TracedIssuer } from '../app/issuer.ts'
import { IdBatch } from '../core/id-batch.ts'
import type { Clock } from '../ports/clock.ts'
import type { Tracer } from '../ports/tracer.ts'
import { answerBrokenRequest } from './broken-request.ts'
import type { ConnectionDigests } from './connection-digests.ts'
import { certificateFor } from './cross-site.ts'
import { STRICT_TRANSPORT } from './https-redirect.ts'
import { issuedJson } from './issued-text.ts'
import { type KnownHead, KnownHeads } from './known-heads.ts'
import { countAsText, PLAIN_BODY_MAX } from './plain-body.ts'
import { ReadyHead } from './ready-head.ts'
import type { RequestAdmission } from './request-admission.ts'
import { type TraceContext, traceContextOf } from './trace-context.ts'

export interface SingleIdOptions {
  /** Takes whatever is not answered here; what the request used up by then goes with it (RequestAdmission). */
  readonly route: (request: IncomingMessage, response: ServerResponse) => void
  readonly digests: ConnectionDigests
  readonly admission: RequestAdmission
  /** Whether the connection should end with this answer. */
  readonly isOver: (socket: Socket) => boolean
  /** Whether a request without encryption is not to be answered. */
  readonly encryptedOnly: boolean
  readonly tracer: Tracer
  readonly clock: Clock
}

/**
 * The call that most callers make all the time: one ID of a known tag as text, or several, with a known key, out of memory.
 * It is answered before the router sees it, which would cost as much again as all the rest of one ID, and a sixth of a
 * thousand (docs/performance.md). Everything else, whatever must wait or be refused, is left to the router (id-routes.ts).
 * An answer is the one that the router would give: single-id.test.ts holds the two against each other.
 */
export class SingleId {
  readonly #issuer: TracedIssuer
  readonly #options: SingleIdOptions
  readonly #heads: KnownHeads
  readonly #ready = new ReadyHead()
  /** `w/g/t` of URLs that were asked for, of tags that exist. */
  readonly #paths = new Map<string, string>()
  /** Every call ends with it: nothing here waits. */
  readonly #batch = new IdBatch()
  /** The same for more than one: a batch that once held many UUIDs reads a single one more slowly. */
  #many = new IdBatch()

  constructor(issuer: TracedIssuer, options: SingleIdOptions) {
    this.#issuer = issuer
    this.#options = options
    this.#heads = new KnownHeads(options.digests)
  }

  /** For the event 'request' of a server. */
  readonly handle = (request: IncomingMessage, response: ServerResponse): void => {
    const path = this.#pathOf(request)
    if (path === undefined) return this.#options.route(request, response)
    const head = this.#heads.of(request)
    const hasBody = head.bodyLength !== undefined
    // Of a body that does not say what it is, the router has to tell.
    if (!head.isPlain || (hasBody && !head.hasType)) this.#options.route(request, response)
    else if (hasBody) process.nextTick(this.#withBody, path, head, request, response)
    else if (!this.#answers(path, 1, head, request, response)) this.#options.route(request, response)
  }

  /** In the next tick: by then Node has read what came together with the headers, and that is nearly always all. */
  readonly #withBody = (
    path: string,
    head: KnownHead,
    request: IncomingMessage,
    response: ServerResponse,
  ): void => {
    const length = Number(head.bodyLength)
    const body =
      length <= PLAIN_BODY_MAX && request.readableLength === length ? (request.read() as Buffer | null) : null
    if (body !== null) {
      const count = countAsText(body.toString('latin1'))
      if (count !== undefined && this.#answers(path, count, head, request, response)) return
      request.unshift(body)
    }
    this.#options.route(request, response)
  }

  #answers(
    path: string,
    count: number,
    head: KnownHead,
    request: IncomingMessage,
    response: ServerResponse,
  ): boolean {
    const issuer = this.#issuer
    if (count > issuer.limits.maxText) return false
    const { tracer, clock } = this.#options
    const fromMs = tracer.nowMs()
    // For all that asks for it: a look at the clock costs as much as an ID.
    const nowMs = clock.nowMs()
    const caller = this.#callerOf(head, request, nowMs)
    if (caller === undefined || !mayUse(caller, 'issue', path)) return false
    const { admission } = this.#options
    if (!admission.admits(request, caller.keyId, path)) return false
    const batch = count === 1 ? this.#batch : this.#many
    batch.clear()
    if (!issuer.tryTake(path, count, batch, 1, nowMs)) {
      admission.passOn(request, this.#begun(batch))
      return false
    }
    issuer.countClients(head.clientDc, 1)
    const trace = traceContextOf(head.headers, tracer, fromMs)
    const { traceId, traceparent, requestId } = trace
    issuer.countCall(caller.keyId, path, 'ok', count, traceId)
    const body = issuedJson(batch, 'text')
    let fields = `x-request-id: ${requestId}${FIXED}${body.length}\r\n`
    if (traceparent !== undefined) fields += `traceparent: ${traceparent}\r\n`
    fields += admission.leftFields(request, caller.keyId, path)
    if (this.#options.encryptedOnly) fields += STRICT
    if (this.#options.isOver(request.socket)) response.shouldKeepAlive = false
    this.#ready.send(response, fields, body, nowMs)
    if (trace.sampled) recordAnswer(tracer, trace, path)
    return true
  }

  #callerOf({ keyText, digest }: KnownHead, request: IncomingMessage, nowMs: number): Caller | undefined {
    if (keyText !== undefined) return this.#issuer.peekCaller(keyText, digest, nowMs)
    const certificate = certificateFor(request)
    return this.#issuer.peekCaller(certificate, this.#options.digests.of(request.socket, certificate), nowMs)
  }

  /** What there was too little of goes with the request: burnt, it would be up to a segment of each large call. */
  #begun(batch: IdBatch): IdBatch | undefined {
    if (batch.count === 0) return undefined
    this.#many = new IdBatch()
    return batch
  }

  /** Only of tags in memory, so that URLs out of thin air are not remembered. */
  #pathOf({ method, url = '', socket }: IncomingMessage): string | undefined {
    if (method !== 'POST' || (this.#options.encryptedOnly && !('encrypted' in socket))) return undefined
    const known = this.#paths.get(url)
    if (known !== undefined) return this.#issuer.knows(known) ? known : undefined
    const [, workspace, group, tag] = IDS_URL.exec(url) ?? []
    const path = `${workspace}/${group}/${tag}`
    if (!this.#issuer.knows(path)) return undefined
    // Tags come and go; beyond the limit all begin anew, which costs each of them one look at its URL.
    if (this.#paths.size >= PATHS_MAX) this.#paths.clear()
    this.#paths.set(url, path)
    return path
  }
}

/** As traceRequests records it of those that the router answers. */
function recordAnswer(tracer: Tracer, trace: TraceContext, path: string): void {
  const { traceId, spanId, parentId, fromMs } = trace
  const [workspace, group, tag] = path.split('/')
  const facts = {
    'http.request.method': 'POST',
    'url.path': `/v1/workspaces/${workspace}/groups/${group}/tags/${tag}/ids`,
    'http.response.status_code': 200,
  }
  const step = { name: SPAN_NAME, kind: 'server', traceId, spanId, parentId, facts } as const
  tracer.begin({ ...step, agoMs: tracer.nowMs() - fromMs }).end()
}

const SPAN_NAME = 'POST /v1/workspaces/:workspace/groups/:group/tags/:tag/ids'

/** In place of fastify's own listener, which would route at once. */
export function listenWith(
  handle: SingleId['handle'],
  app: FastifyInstance,
  secure: Server | undefined,
): void {
  app.server.removeAllListeners('request').on('request', handle)
  secure?.on('request', handle).on('clientError', answerBrokenRequest)
}

/** Names without an escape: others are for the router. */
const IDS_URL =
  /^\/v1\/workspaces\/([a-z0-9._-]{1,63})\/groups\/([a-z0-9._-]{1,63})\/tags\/([a-z0-9._-]{1,63})\/ids$/
/** As many as tags in memory by default (catalog.maxTags). */
const PATHS_MAX = 100_000
const FIXED =
  '\r\ncache-control: no-store\r\ncontent-type: application/json; charset=utf-8\r\ncontent-length: '
const STRICT = `${STRICT_TRANSPORT.join(': ')}\r\n`
