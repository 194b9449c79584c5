import type { Readable } from 'node:stream'
import { HttpMethod, RequestContext } from '@kubernetes/client-node'
import { type KubeClient, KubeError, type KubeRequest } from './kube-client.ts'
import type { CachedKubeConfig } from './kube-config.ts'

interface Answer {
  readonly statusCode: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: Readable & { text(): Promise<string> }
}

/** KubeClient over the kept connections of a CachedKubeConfig. */
export class HttpKubeClient implements KubeClient {
  readonly #config: CachedKubeConfig
  readonly #userAgent: string

  constructor(config: CachedKubeConfig, userAgent: string) {
    this.#config = config
    this.#userAgent = userAgent
  }

  async send<T>(request: KubeRequest): Promise<T> {
    const deadline = AbortSignal.timeout(SEND_MAX_MS)
    const signal = request.signal === undefined ? deadline : AbortSignal.any([request.signal, deadline])
    const { statusCode, headers, body } = await this.#open(request, signal)
    const text = await body.text().catch((thrown: unknown) => {
      throw unanswered(request, thrown)
    })
    if (statusCode < 200 || statusCode > 299) throw refused(request, statusCode, headers, text)
    return parsed(text) as T
  }

  async *watch(request: KubeRequest): AsyncGenerator<unknown, void, undefined> {
    const { statusCode, headers, body } = await this.#open(request, request.signal)
    if (statusCode !== 200) throw refused(request, statusCode, headers, await body.text().catch(() => ''))
    try {
      for await (const line of lines(body)) yield parsedLine(request, line)
    } catch (thrown) {
      throw thrown instanceof KubeError ? thrown : unanswered(request, thrown)
    } finally {
      // Also where the reader leaves the loop. A stream that fails after that must not end the process.
      body.on('error', () => {})
      body.destroy()
    }
  }

  /** Once more with a token read anew when the first is refused: it may just have been rotated. */
  async #open(request: KubeRequest, signal: AbortSignal | undefined): Promise<Answer> {
    const answer = await this.#call(request, signal)
    if (answer.statusCode !== 401 || !this.#config.forgetToken()) return answer
    await answer.body.text().catch(() => '')
    return await this.#call(request, signal)
  }

  async #call(request: KubeRequest, signal: AbortSignal | undefined): Promise<Answer> {
    const server = this.#config.getCurrentCluster()?.server
    if (server === undefined) throw new KubeError('the configuration names no cluster', 0)
    const url = new URL(server.replace(/\/$/, '') + request.path)
    for (const [name, value] of Object.entries(request.query ?? {})) url.searchParams.set(name, value)
    try {
      const context = new RequestContext(url.href, HttpMethod.GET)
      await this.#config.applySecurityAuthentication(context)
      const dispatcher = context.getDispatcher()
      if (dispatcher === undefined) throw new Error('the configuration gives no connection: is it https?')
      return await dispatcher.request({
        origin: url.origin,
        path: url.pathname + url.search,
        method: request.method,
        headers: {
          accept: 'application/json',
          'user-agent': this.#userAgent,
          ...context.getHeaders(),
          ...(request.body === undefined
            ? {}
            : { 'content-type': request.contentType ?? 'application/json' }),
        },
        body: request.body === undefined ? null : JSON.stringify(request.body),
        signal: signal ?? null,
        // The callers' deadlines hold: send's own, and the reflector's for a silent watch.
        headersTimeout: 0,
        bodyTimeout: 0,
      })
    } catch (thrown) {
      throw thrown instanceof KubeError ? thrown : unanswered(request, thrown)
    }
  }
}

function unanswered({ method, path }: KubeRequest, cause: unknown): KubeError {
  const why = cause instanceof Error ? cause.message || cause.name : String(cause)
  return new KubeError(`${method} ${path}: no answer from the API server (${why})`, 0, { cause })
}

function refused(
  { method, path }: KubeRequest,
  status: number,
  headers: Answer['headers'],
  text: string,
): KubeError {
  const retryAfter = headers['retry-after']
  return KubeError.fromStatus(
    `${method} ${path}`,
    status,
    parsed(text),
    typeof retryAfter === 'string' ? retryAfter : undefined,
  )
}

/**
 * Not node:readline, which ends without a word when its input fails. What stands after the last line break is the
 * beginning of a line that was torn, and dropped.
 */
async function* lines(body: Readable): AsyncGenerator<string, void, undefined> {
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
