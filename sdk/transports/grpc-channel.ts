import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from 'node:http2'
import { type GrpcEnd, type GrpcHeaders, GrpcReply, grpcFrame } from './grpc-reply.ts'

/** One call: `/package.Service/Method`, and what is told with it. */
export interface GrpcCall {
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly message: Uint8Array
}

/** One HTTP/2 connection for unary calls. It does not keep the process alive, and ends at once when it is told to. */
export class GrpcChannel {
  readonly #session: ClientHttp2Session
  readonly #openedMs = Date.now()
  /** The other side speaks HTTP/2. */
  #isAnswered = false
  #isLeaving = false
  #calls = 0
  #error: Error | undefined

  /** `ca`: certificates to trust instead of those the system trusts; PEM. */
  constructor(endpoint: string, ca: string | undefined) {
    const session = connect(originOf(endpoint), {
      settings: { enablePush: false, initialWindowSize: WINDOW_BYTES },
      ...(ca !== undefined && { ca }),
    })
    this.#session = session
    session.unref()
    // Each call says so.
    session.on('error', (error: Error) => (this.#error = error))
    session.on('goaway', () => (this.#isLeaving = true))
    session.once('remoteSettings', () => (this.#isAnswered = true))
  }

  /** false: a call belongs on another connection. */
  get isUsable(): boolean {
    return !this.#isLeaving && !this.#session.closed && !this.#session.destroyed
  }

  /**
   * A call had no answer in time: whether the connection is of no use any more. It may have died without a word (a node
   * that lost its power, a load balancer that forgot it), which TCP notices a quarter of an hour later. One that is still
   * being made is given longer than one call has, or a slow one would never be made.
   */
  get isLost(): boolean {
    return this.#isAnswered || Date.now() - this.#openedMs >= CONNECTING_MAX_MS
  }

  /** Rejects when the connection fails, and with an error of its own as soon as `signal` is aborted. */
  call({ path, headers, message }: GrpcCall, signal: AbortSignal): Promise<GrpcEnd> {
    return new Promise((resolve, reject) => {
      signal.throwIfAborted()
      const stream = this.#session.request({
        ...headers,
        ':method': 'POST',
        ':path': path,
        'content-type': 'application/grpc',
        te: 'trailers',
      })
      this.#calls += 1
      const reply = new GrpcReply()
      const giveUp = (reason: string): void => {
        reject(new Error(reason))
        cancel(stream)
      }
      const onAbort = (): void => giveUp('the answer came too late')
      signal.addEventListener('abort', onAbort)
      stream.on('response', (head: GrpcHeaders) => reply.begin(head))
      stream.on('trailers', (trailers: GrpcHeaders) => reply.trailers(trailers))
      stream.on('data', (part: Buffer) => {
        if (!reply.add(part)) giveUp('the answer is longer than any of idgen')
      })
      // Told by 'close', which comes in every case.
      stream.on('error', (error: Error) => (this.#error ??= error))
      stream.on('close', () => {
        signal.removeEventListener('abort', onAbort)
        this.#calls -= 1
        this.#endIfDone()
        const end = reply.end()
        if (end === undefined) reject(this.#error ?? new Error('the connection ended before the answer'))
        else resolve(end)
      })
      stream.end(grpcFrame(message))
    })
  }

  /** Takes no further call; those under way go on until they end. */
  retire(): void {
    this.#isLeaving = true
    this.#endIfDone()
  }

  /** What is under way fails. */
  close(): void {
    this.#session.destroy()
  }

  /** Not by the session's own close, which would wait for the other side to take note. */
  #endIfDone(): void {
    if (this.#isLeaving && this.#calls === 0) this.#session.destroy()
  }
}

function cancel(stream: ClientHttp2Stream): void {
  // Before the connection is there, to be closed it would wait for that.
  if (stream.pending) stream.destroy()
  else stream.close(constants.NGHTTP2_CANCEL)
}

function originOf(endpoint: string): string {
  const { protocol, hostname, port } = new URL(endpoint)
  return `${protocol === 'grpcs:' ? 'https' : 'http'}://${hostname}:${port || DEFAULT_PORT}`
}

/** 10,000 UUIDs as text are 380 KB; windows below an answer cost a round trip each. */
const WINDOW_BYTES = 1_048_576
/** Of an attempt to connect, over as many calls as fall into it. */
const CONNECTING_MAX_MS = 10_000
const DEFAULT_PORT = 50051
