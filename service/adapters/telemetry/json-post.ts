import type { Clock } from '../../ports/clock.ts'
import type { Sent } from './batch-exporter.ts'
import type { HttpAnswer } from './http-answer.ts'
import { KeptConnection } from './kept-connection.ts'

export interface JsonPostOptions {
  /** The whole address, without user name and password. */
  readonly endpoint: string
  /** Value of the header Authorization; '': none. */
  readonly authorization: string
  /** The key that holds it, for who must mend it. */
  readonly authorizationKey: string
  /** Of the answer to a body that was taken: what of it was not. */
  readonly rejectedBy: (answer: string) => { readonly rejected: number; readonly why?: string }
  /** Answers after which a body is sent again, beside those that OTLP names; left out: none. */
  readonly alsoAgain?: ReadonlySet<number>
  readonly clock: Clock
}

/**
 * Posts bodies as JSON over HTTP, as OTLP 1.x and Zipkin's API v2 want them. The result never rejects, and is called again only
 * when it has resolved. No redirect is followed: another place was not configured, and must not get what the header holds.
 */
export function jsonPost(options: JsonPostOptions): (body: string) => Promise<Sent> {
  const { clock, authorizationKey, rejectedBy, alsoAgain = new Set() } = options
  const url = new URL(options.endpoint)
  // What follows may hold a key, the path too, and goes into no log.
  const shown = url.origin
  // Files of secrets end with a new line.
  const authorization = options.authorization.trim()
  const receiver = new Receiver(url, clock)
  return async (body) => {
    if (!HEADER_VALUE.test(authorization))
      return { kind: 'refused', why: `${authorizationKey} holds what no header can` }
    try {
      const { status, text, headers } = await receiver.ask(requestOf(url, authorization, body))
      if (status < 300) {
        const { rejected, why } = rejectedBy(text)
        return { kind: 'taken', rejected, ...(why !== undefined && { why: shownText(why, authorization) }) }
      }
      const why = `${shown} answered ${status}: ${shownText(text, authorization)}`
      if (!AGAIN.has(status) && !alsoAgain.has(status)) return { kind: 'refused', why }
      return { kind: 'later', why, afterMs: secondsOf(headers.get('retry-after')) }
    } catch (thrown) {
      return { kind: 'later', why: `${shown}: ${reasonOf(thrown)}`, afterMs: undefined }
    }
  }
}

/** Keeps one connection for all requests. */
class Receiver {
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

/** As OTLP names them: all other answers are for good, unless who posts says otherwise. */
const AGAIN: ReadonlySet<number> = new Set([429, 502, 503, 504])
/** As OpenTelemetry's exporters wait. */
const ANSWER_MS = 10_000
const SHOWN_MAX = 200
const HEADER_VALUE = /^[\t\u0020-\u007e\u0080-\u00ff]*$/
