import { type IncomingMessage, request as plainRequest } from 'node:http'
import { request as secureRequest } from 'node:https'
import { text as readText } from 'node:stream/consumers'
import { type KubeClient, KubeError, type KubeRequest } from './kube-client.ts'
import type { KubeConnection } from './kube-connection.ts'

/** KubeClient over the kept connections of a KubeConnection. */
export class HttpKubeClient implements KubeClient {
  readonly #connection: KubeConnection
  readonly #userAgent: string

  constructor(connection: KubeConnection, userAgent: string) {
    this.#connection = connection
    this.#userAgent = userAgent
  }

  async send<T>(request: KubeRequest): Promise<T> {
    const deadline = AbortSignal.timeout(SEND_MAX_MS)
    const signal = request.signal === undefined ? deadline : AbortSignal.any([request.signal, deadline])
    const answer = await this.#open(request, signal)
    const text = await readText(answer).catch((thrown: unknown) => {
      throw unanswered(request, thrown)
    })
    const status = answer.statusCode ?? 0
    if (status < 200 || status > 299) throw refused(request, answer, text)
    return parsed(text) as T
  }

  async *watch(request: KubeRequest): AsyncGenerator<unknown, void, undefined> {
    const answer = await this.#open(request, request.signal)
    if (answer.statusCode !== 200) throw refused(request, answer, await readText(answer).catch(() => ''))
    // A stream that fails after its reader has left must not end the process. Leaving closes it.
    answer.on('error', () => {})
    try {
      for await (const line of lines(answer)) yield parsedLine(request, line)
    } catch (thrown) {
      throw thrown instanceof KubeError ? thrown : unanswered(request, thrown)
    }
  }

  /** Once more with a token read anew when the first is refused: it may just have been rotated. */
  async #open(request: KubeRequest, signal: AbortSignal | undefined): Promise<IncomingMessage> {
    try {
      const answer = await this.#call(request, signal)
      if (answer.statusCode !== 401 || !this.#connection.forget()) return answer
      await readText(answer)
      return await this.#call(request, signal)
    } catch (thrown) {
      throw unanswered(request, thrown)
    }
  }

  async #call(request: KubeRequest, signal: AbortSignal | undefined): Promise<IncomingMessage> {
    const { method, path, query = {}, body, contentType = 'application/json' } = request
    const { headers, agent } = await this.#connection.credentials()
    const url = new URL(this.#connection.server + path)
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value)
    const payload = body === undefined ? undefined : Buffer.from(JSON.stringify(body))
    const about =
      payload === undefined ? {} : { 'content-type': contentType, 'content-length': payload.length }
    const open = url.protocol === 'http:' ? plainRequest : secureRequest
    return await new Promise((resolve, reject) => {
      const call = open(url, {
        method,
        agent,
        headers: { accept: 'application/json', 'user-agent': this.#userAgent, ...headers, ...about },
        ...(signal === undefined ? {} : { signal }),
      })
      call.on('response', resolve)
      // It stays: an abort after the answer has come is an error of both.
      call.on('error', reject)
      call.end(payload)
    })
  }
}

function unanswered({ method, path }: KubeRequest, cause: unknown): KubeError {
  const why = cause instanceof Error ? cause.message || cause.name : String(cause)
  return new KubeError(`${method} ${path}: no answer from the API server (${why})`, 0, { cause })
}

function refused({ method, path }: KubeRequest, answer: IncomingMessage, text: string): KubeError {
  const status = answer.statusCode ?? 0
  return KubeError.fromStatus(`${method} ${path}`, status, parsed(text), answer.headers['retry-after'])
}

/**
 * Not node:readline, which ends without a word when its input fails. What stands after the last line break is the
 * beginning of a line that was torn, and dropped.
 */
async function* lines(body: IncomingMessage): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of body as AsyncIterable<Buffer>) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = parts.pop() ?? ''
    yield* parts.filter((line) => line !== '')
  }
}

/** Something in between speaks for the server: the watch is worth nothing. */
function parsedLine({ method, path }: KubeRequest, line: string): unknown {
  const value = parsed(line)
  if (value === undefined)
    throw new KubeError(`${method} ${path}: a line of the watch is no JSON: ${line.slice(0, 100)}`, 0)
  return value
}

/** undefined where it is no JSON: what a proxy in between says. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The API server itself gives up after 60 s; the largest page of a list takes a few. */
const SEND_MAX_MS = 60_000
