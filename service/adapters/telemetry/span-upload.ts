import type { EndedSpan } from '../../core/ended-span.ts'
import type { Clock } from '../../ports/clock.ts'
import type { HttpAnswer } from './http-answer.ts'
import { KeptConnection } from './kept-connection.ts'
import { otlpBody, otlpRejected } from './otlp-spans.ts'
import type { Sent } from './span-exporter.ts'
import { zipkinBody } from './zipkin-spans.ts'

/** Who records, as the collector shows it. */
export interface TracedService {
  readonly version: string
  readonly instance: string
  readonly dc: number
}

export interface SpanUploadOptions {
  readonly exporter: 'otlp' | 'zipkin'
  /** '': the exporter's usual place on this machine. */
  readonly endpoint: string
  /** Value of the header Authorization; '': none. */
  readonly authorization: string
  readonly service: TracedService
  readonly clock: Clock
}

/**
 * Sends batches as JSON over HTTP: OTLP 1.x, or Zipkin's API v2. The result never rejects, and is called again only when it
 * has resolved. No redirect is followed: another place was not configured, and must not get what the header holds.
 */
export function spanUpload(options: SpanUploadOptions): (spans: readonly EndedSpan[]) => Promise<Sent> {
  const { exporter, service, clock } = options
  const url = new URL(options.endpoint || USUAL[exporter])
  // What follows may hold a key, and goes into no log.
  const shown = `${url.origin}${url.pathname}`
  const bodyOf = exporter === 'otlp' ? otlpBody : zipkinBody
  // Files of secrets end with a new line.
  const authorization = options.authorization.trim()
  const collector = new Collector(url, clock)
  return async (spans) => {
    if (!HEADER_VALUE.test(authorization))
      return { kind: 'refused', why: 'tracing.authorization holds what no header can' }
    try {
      const answer = await collector.ask(requestOf(url, authorization, bodyOf(spans, service)))
      const { status, text } = answer
      if (status < 300) return { kind: 'taken', rejected: exporter === 'otlp' ? otlpRejected(text) : 0 }
      const why = `${shown} answered ${status}: ${shownText(text, authorization)}`
      if (!AGAIN.has(status)) return { kind: 'refused', why }
      return { kind: 'later', why, afterMs: secondsOf(answer.headers.get('retry-after')) }
    } catch (thrown) {
      return { kind: 'later', why: `${shown}: ${reasonOf(thrown)}`, afterMs: undefined }
    }
  }
}

/** Keeps one connection for all requests. */
class Collector {
  readonly #url: URL
  readonly #clock: Clock
  #kept: KeptConnection | undefined

  constructor(url: URL, clock: Clock) {
    this.#url = url
    this.#clock = clock
  }

  async ask(request: Buffer): Promise<HttpAnswer> {
    const late = Promise.withResolvers<never>()
    using _timer = this.#clock.after(ANSWER_MS, () => {
      const why = new Error(`no answer within ${ANSWER_MS / 1000} s`)
      const kept = this.#kept
      // Not to be tried again.
      this.#kept = undefined
      kept?.end(why)
      late.reject(why)
    })
    return await Promise.race([this.#askKept(request), late.promise])
  }

  async #askKept(request: Buffer): Promise<HttpAnswer> {
    const kept = this.#kept
    if (kept?.isOpen !== true) return await this.#askNew(request)
    try {
      return await kept.ask(request)
    } catch (thrown) {
      // Servers end what was idle for long, perhaps while the request is on its way. Once: a new one is not idle.
      if (kept.isAnswering || this.#kept !== kept) throw thrown
      return await this.#askNew(request)
    }
  }

  #askNew(request: Buffer): Promise<HttpAnswer> {
    this.#kept = new KeptConnection(this.#url)
    return this.#kept.ask(request)
  }
}

function requestOf({ host, pathname, search }: URL, authorization: string, body: string): Buffer {
  const bytes = Buffer.from(body)
  const head = [
    `POST ${pathname}${search} HTTP/1.1`,
    `host: ${host}`,
    'content-type: application/json',
    `content-length: ${bytes.length}`,
    ...(authorization === '' ? [] : [`authorization: ${authorization}`]),
    'user-agent: idgen',
    '\r\n',
  ]
  return Buffer.concat([Buffer.from(head.join('\r\n'), 'latin1'), bytes])
}

/** Some collectors repeat the request in their refusal. The scheme alone ("Bearer") tells nothing. */
function shownText(text: string, authorization: string): string {
  const words = authorization.split(/\s+/)
  const secrets = [authorization, ...words.slice(words.length > 1 ? 1 : 0)].filter((word) => word !== '')
  return secrets.reduce((rest, secret) => rest.replaceAll(secret, '…'), text).slice(0, SHOWN_MAX)
}

/** Node says nothing where it tried several addresses, but by its code. */
function reasonOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown)
  return thrown.message || String((thrown as NodeJS.ErrnoException).code)
}

function secondsOf(header: string | undefined): number | undefined {
  return header !== undefined && /^\d{1,4}$/.test(header) ? Number(header) * 1000 : undefined
}

const USUAL = {
  otlp: 'http://localhost:4318/v1/traces',
  zipkin: 'http://localhost:9411/api/v2/spans',
} as const
/** As OTLP names them: all other answers are for good. */
const AGAIN: ReadonlySet<number> = new Set([429, 502, 503, 504])
/** As OpenTelemetry's exporters wait. */
const ANSWER_MS = 10_000
const SHOWN_MAX = 200
const HEADER_VALUE = /^[\t\u0020-\u007e\u0080-\u00ff]*$/
