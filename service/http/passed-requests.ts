import type { IncomingHttpHeaders } from 'node:http'
import type {
  FastifyInstance,
  InjectOptions,
  LightMyRequestResponse,
  RawRequestDefaultExpression,
} from 'fastify'
import { IdgenError } from '../core/errors.ts'
import { standIn } from '../sockets/client-certificate.ts'

/** A request on its way from a protocol thread to the main thread: plain data, all that an answer can depend on. */
export interface PassedRequest {
  readonly method: string
  /** As the client wrote it. */
  readonly url: string
  readonly headers: IncomingHttpHeaders
  /** undefined: it has none, or one that is larger than server.bodyLimit, which its headers say then. */
  readonly body: Uint8Array | undefined
  /** Of the other end of the connection. */
  readonly peer: string
  /** The text of the certificate that the client showed (certificateTextOf); undefined: none. */
  readonly certificate: string | undefined
  readonly encrypted: boolean
  /** The thread has counted its address. Never from the headers: clients write those, and nobody but a thread writes this. */
  readonly counted: boolean
}

export interface PassedAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[]>>
  readonly body: Uint8Array
}

/**
 * The main thread's end: answers requests that came in over a protocol thread as if they had come here.
 *
 *     thread: request ─ data ─▶ answer ─ inject ─▶ unpack ─▶ router, hooks, routes
 *                     ◀─ data ─        ◀──────── response
 */
export class PassedRequests {
  #app: FastifyInstance | undefined
  #next: PassedRequest | undefined
  /** Forgotten with the requests. */
  readonly #counted = new WeakSet<object>()

  /** Before any request comes. */
  answerBy(app: FastifyInstance): void {
    this.#app = app
  }

  /**
   * fastify's rewriteUrl, the first to see a request: inject() makes a request of its own, which would normalise the URL
   * and know nothing of the connection. It calls here before it returns, so the two belong together.
   */
  readonly unpack = (request: RawRequestDefaultExpression): string => {
    const passed = this.#next
    this.#next = undefined
    if (passed === undefined) return request.url ?? ''
    request.headers = passed.headers
    Object.assign(request.socket, passed.encrypted ? { encrypted: true } : {})
    // Beside the headers, so that each route looks at it or not as it would on a connection of its own.
    if (passed.certificate !== undefined) standIn(request.socket, passed.certificate)
    if (passed.counted) this.#counted.add(request)
    return passed.url
  }

  /** Whether the thread has counted the address of this request (RequestAdmission). */
  readonly isCounted = (request: object): boolean => this.#counted.has(request)

  /** Never rejects. What goes wrong here is an error for the thread to tell. */
  async answer(question: unknown): Promise<PassedAnswer | { readonly refused: string }> {
    try {
      const { statusCode, headers, rawPayload } = await this.#inject(question as PassedRequest)
      return {
        status: statusCode,
        headers: headers as PassedAnswer['headers'],
        // A copy: what lies in a pool of Node's would be sent with the whole pool.
        body: new Uint8Array(rawPayload),
      }
    } catch (thrown) {
      return { refused: IdgenError.from(thrown).message }
    }
  }

  #inject(passed: PassedRequest): Promise<LightMyRequestResponse> {
    const { method, peer, body } = passed
    return new Promise((resolve, reject) => {
      const options: InjectOptions = {
        method,
        url: '/',
        remoteAddress: peer,
        ...(body && { payload: Buffer.from(body.buffer, body.byteOffset, body.byteLength) }),
      }
      this.#next = passed
      try {
        this.#app?.inject(options, (error, response) => {
          if (response === undefined) reject(error ?? new Error('no answer'))
          else resolve(response)
        })
      } catch (thrown) {
        reject(thrown instanceof Error ? thrown : new Error(String(thrown)))
      }
    })
  }
}
