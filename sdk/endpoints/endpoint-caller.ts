import { asClientError, IdgenClientError } from '../core/client-error.ts'
import { type Endpoint, EndpointChoice } from '../core/endpoint-choice.ts'
import { checkAnswer, type IdAnswer, type IdRequest } from '../core/id-answer.ts'
import type { Clock } from '../ports/clock.ts'
import type { ClientSpan, ClientTracer } from '../ports/tracer.ts'
import type { Transport } from '../ports/transport.ts'

export interface EndpointCallerSettings {
  readonly transport: Transport
  readonly clock: Clock
  readonly endpoints: readonly Endpoint[]
  readonly dc: number | undefined
  /** Whether to ask the service for its nodes. */
  readonly discover: boolean
  /** So long an endpoint may take for one answer. */
  readonly attemptMs: number
  /** Left out: no request is traced. */
  readonly tracer?: ClientTracer | undefined
}

/**
 * Sends requests to the endpoint that should have them, one attempt each, and keeps book of which answer. It knows no
 * timers of its own beside the attempts': nodes are asked for, and a data centre that was left is probed, when a
 * request goes out anyway.
 */
export class EndpointCaller {
  readonly #settings: EndpointCallerSettings
  readonly #choice: EndpointChoice
  readonly #attempts = new Set<AbortController>()
  /** Told when another endpoint may be asked than before. */
  readonly #watching = new Set<() => void>()
  #nodesAtMs = Number.NEGATIVE_INFINITY
  #asksNodes = false

  constructor(settings: EndpointCallerSettings) {
    this.#settings = settings
    this.#choice = new EndpointChoice(settings.endpoints, settings.dc)
  }

  /** How long the next request should wait because all endpoints rest. */
  waitMs(nowMs: number): number {
    return this.#choice.pick(nowMs, 0).waitMs
  }

  /** Calls `run` when a wait for an endpoint may be over before its time; what it returns ends that. */
  onNews(run: () => void): () => void {
    this.#watching.add(run)
    return () => this.#watching.delete(run)
  }

  /** One attempt. `not`: an endpoint that just failed. @throws IdgenClientError */
  issue(request: IdRequest, not?: string): Promise<IdAnswer> {
    const { clock } = this.#settings
    const nowMs = clock.monotonicMs()
    const { endpoint } = this.#choice.pick(nowMs, clock.random(), not)
    this.#askNodes(endpoint, nowMs)
    const away = this.#choice.probe(nowMs, clock.random())
    // The IDs of a probe are burnt; it asks for the tag that is wanted, because that is what has to work there.
    if (away !== undefined) void this.#attempt(away, { ...request, count: 1 }).catch(() => undefined)
    return this.#attempt(endpoint, request)
  }

  close(): void {
    for (const attempt of this.#attempts) attempt.abort()
  }

  async #attempt(endpoint: Endpoint, request: IdRequest): Promise<IdAnswer> {
    const { tracer } = this.#settings
    if (tracer === undefined) return this.#attemptOnce(endpoint, request)
    const span = tracer.startSpan('idgen issue', {
      kind: SPAN_CLIENT,
      attributes: { 'idgen.tag': request.path, 'idgen.count': request.count, 'server.address': endpoint.url },
    })
    try {
      return await this.#attemptOnce(endpoint, { ...request, traceparent: traceparentOf(span) })
    } catch (thrown) {
      span.setStatus({ code: SPAN_ERROR, message: asClientError(thrown, endpoint.url).code })
      throw thrown
    } finally {
      span.end()
    }
  }

  async #attemptOnce(endpoint: Endpoint, request: IdRequest): Promise<IdAnswer> {
    const { transport, clock, attemptMs } = this.#settings
    const sentMs = clock.monotonicMs()
    this.#choice.began(endpoint, sentMs + attemptMs)
    try {
      const answer = await this.#bounded(endpoint, (signal) => transport.issue(endpoint.url, request, signal))
      checkAnswer(answer, request, endpoint.url)
      this.#tell(this.#choice.succeeded(endpoint, clock.monotonicMs()))
      return answer
    } catch (thrown) {
      const error = asClientError(thrown, endpoint.url)
      const rests = isEndpointFault(error)
      const nowMs = clock.monotonicMs()
      if (!rests && !mayDoBetterElsewhere(error)) this.#tell(this.#choice.succeeded(endpoint, nowMs))
      else {
        const cause = { rests, retryAfterMs: error.retryAfterMs }
        this.#tell(this.#choice.failed(endpoint, sentMs, nowMs, clock.random(), cause))
      }
      throw error
    }
  }

  #tell(isNews: boolean): void {
    if (isNews) for (const run of this.#watching) run()
  }

  /** Whatever the transport does, this ends in time: what hangs must not hold up the tag for ever. */
  async #bounded<T>({ url }: Endpoint, call: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { clock, attemptMs } = this.#settings
    const ended = new AbortController()
    this.#attempts.add(ended)
    const late = new IdgenClientError(
      'IDGEN_CLIENT_TIMEOUT',
      `${url} did not answer within ${attemptMs} ms.`,
      { endpoint: url },
    )
    const aborted = new Promise<never>((_, reject) => {
      ended.signal.addEventListener('abort', () => reject(late), { once: true })
    })
    const stop = clock.after(attemptMs, () => ended.abort(), false)
    try {
      return await Promise.race([call(ended.signal), aborted])
    } finally {
      stop()
      this.#attempts.delete(ended)
    }
  }

  #askNodes(endpoint: Endpoint, nowMs: number): void {
    const { transport, discover, clock } = this.#settings
    if (!discover || transport.nodes === undefined || this.#asksNodes || nowMs < this.#nodesAtMs) return
    this.#asksNodes = true
    this.#bounded(endpoint, (signal) => transport.nodes?.(endpoint.url, signal) ?? Promise.resolve([]))
      .then(
        (nodes) => {
          this.#learn(nodes)
          this.#nodesAtMs = clock.monotonicMs() + NODES_EVERY_MS * (0.75 + clock.random() / 2)
        },
        // The last list stays: nobody's silence means that the nodes are gone.
        () => {
          this.#nodesAtMs = clock.monotonicMs() + NODES_AGAIN_MS
        },
      )
      .finally(() => {
        this.#asksNodes = false
      })
  }

  #learn(nodes: readonly Endpoint[]): void {
    const { endpoints, transport } = this.#settings
    // The key goes to these addresses: never in clear text because of an answer that came over TLS.
    const secureOnly = endpoints.every(({ url }) => isSecure(url))
    this.#choice.learn(
      nodes
        .slice(0, NODES_MAX)
        .filter(({ url }) => isAddress(url, transport.schemes) && (!secureOnly || isSecure(url))),
    )
  }
}

/** Whether another endpoint may well do better: then this one rests, for all tags. */
export function isEndpointFault({ code }: IdgenClientError): boolean {
  return ENDPOINT_FAULTS.has(code)
}

/** A limit is an answer: whoever asks for too much must not be sent on to the next data centre with it. */
function mayDoBetterElsewhere({ retryable, code }: IdgenClientError): boolean {
  return retryable && code !== 'IDGEN_RATE_LIMITED'
}

const ENDPOINT_FAULTS = new Set([
  'IDGEN_CLIENT_UNREACHABLE',
  'IDGEN_CLIENT_TIMEOUT',
  'IDGEN_CLIENT_ANSWER_INVALID',
  'IDGEN_SHUTTING_DOWN',
  'IDGEN_OVERLOADED',
])

function isSecure(url: string): boolean {
  return /^(?:https|grpcs|rediss):/.test(url)
}

function isAddress(url: string, schemes: readonly string[]): boolean {
  return URL.canParse(url) && schemes.includes(new URL(url).protocol.slice(0, -1))
}

function traceparentOf(span: ClientSpan): string {
  const { traceId, spanId, traceFlags } = span.spanContext()
  return `00-${traceId}-${spanId}-${traceFlags % 2 === 1 ? '01' : '00'}`
}

const SPAN_CLIENT = 2
const SPAN_ERROR = 2

/** docs/data-centres.md: every 30 s or so. */
const NODES_EVERY_MS = 30_000
const NODES_AGAIN_MS = 5000
/** As many as the service lists. */
const NODES_MAX = 1000
