import type { Agent as HttpAgent, IncomingMessage } from 'node:http'
import type { Agent as HttpsAgent } from 'node:https'
import { IdgenClientError } from '../core/client-error.ts'
import type { Endpoint } from '../core/endpoint-choice.ts'
import type { IdAnswer, IdRequest } from '../core/id-answer.ts'
import type { Transport, TransportSettings } from '../ports/transport.ts'
import { readIds, readNodes, readProblem } from './http-answers.ts'
import { nodeHttp } from './node-http.ts'

interface HttpReply {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

interface Body {
  readonly json: string
  readonly traceparent: string | undefined
}

/**
 * The service's HTTP interface, over node:http: unlike fetch it takes certificates, lets its sockets go and lets itself
 * be closed, without a dependency.
 */
class HttpTransport implements Transport {
  readonly schemes = ['http', 'https'] as const
  /** server.generate.maxText of the service, unless configured otherwise. */
  readonly textsMax = 10_000
  readonly #headers: Readonly<Record<string, string>>
  readonly #node = nodeHttp()
  readonly #plain: HttpAgent
  readonly #secure: HttpsAgent

  constructor({ key, dc, ca }: TransportSettings) {
    const agent = { keepAlive: true, maxSockets: SOCKETS_MAX, maxFreeSockets: SOCKETS_FREE_MAX }
    const { http, https } = this.#node
    this.#plain = new http.Agent(agent)
    this.#secure = new https.Agent({ ...agent, ...(ca !== undefined && { ca }) })
    this.#headers = {
      ...(key !== undefined && { authorization: `Bearer ${key}` }),
      ...(dc !== undefined && { 'idgen-client-dc': String(dc) }),
    }
  }

  async issue(endpoint: string, request: IdRequest, signal: AbortSignal): Promise<IdAnswer> {
    const { path, count, form, traceparent } = request
    const [workspace, group, tag] = path.split('/')
    const url = `${endpoint}/v1/workspaces/${workspace}/groups/${group}/tags/${tag}/ids`
    const reply = await this.#send(
      'POST',
      url,
      { json: JSON.stringify({ count, as: form }), traceparent },
      signal,
    )
    if (reply.status !== 200) throw refusal(endpoint, reply)
    return readIds(endpoint, reply.body, form)
  }

  async nodes(endpoint: string, signal: AbortSignal): Promise<readonly Endpoint[]> {
    const reply = await this.#send('GET', `${endpoint}/v1/nodes`, undefined, signal)
    if (reply.status !== 200) throw refusal(endpoint, reply)
    return readNodes(endpoint, reply.body)
  }

  close(): void {
    this.#plain.destroy()
    this.#secure.destroy()
  }

  #send(method: string, url: string, body: Body | undefined, signal: AbortSignal): Promise<HttpReply> {
    const isSecure = url.startsWith('https:')
    const headers =
      body === undefined
        ? this.#headers
        : {
            ...this.#headers,
            'content-type': 'application/json',
            'content-length': String(Buffer.byteLength(body.json)),
            ...(body.traceparent !== undefined && { traceparent: body.traceparent }),
          }
    return new Promise<HttpReply>((resolve, reject) => {
      const request = (isSecure ? this.#node.https : this.#node.http).request(url, {
        method,
        headers,
        signal,
        agent: isSecure ? this.#secure : this.#plain,
      })
      // A block that is fetched ahead must not hold a process that has nothing else to do.
      request.on('socket', (socket) => socket.unref())
      request.on('response', (response) => {
        readBody(response).then((text) => resolve(replyOf(response, text)), reject)
      })
      request.on('error', reject)
      request.end(body?.json)
    })
  }
}

export function httpTransport(settings: TransportSettings): Transport {
  return new HttpTransport(settings)
}

function replyOf({ statusCode, headers }: IncomingMessage, body: string): HttpReply {
  return { status: statusCode ?? 0, headers, body }
}

async function readBody(response: IncomingMessage): Promise<string> {
  const parts: Buffer[] = []
  let bytes = 0
  for await (const part of response as AsyncIterable<Buffer>) {
    bytes += part.length
    if (bytes > ANSWER_BYTES_MAX) {
      response.destroy()
      throw new Error(`the answer is longer than ${ANSWER_BYTES_MAX} bytes`)
    }
    parts.push(part)
  }
  return Buffer.concat(parts, bytes).toString('utf8')
}

function refusal(endpoint: string, { status, headers, body }: HttpReply): IdgenClientError {
  const { location } = headers
  if (status >= 300 && status < 400)
    return new IdgenClientError(
      'IDGEN_CLIENT_ANSWER_INVALID',
      `${endpoint} sends callers on to ${location ?? 'nowhere'} (${status}), where the key is not sent to. Give the address it leads to as endpoint.`,
      { endpoint },
    )
  return readProblem(endpoint, status, body, headers['retry-after'])
}

/** One request a tag is under way; more sockets than this to one address serve nobody. */
const SOCKETS_MAX = 16
const SOCKETS_FREE_MAX = 4
/** Ten times the longest answer: 10,000 UUIDs, or a million snowflakes as runs. */
const ANSWER_BYTES_MAX = 16_777_216
