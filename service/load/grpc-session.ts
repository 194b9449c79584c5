import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2'
import { CONNECT_LIMIT_MS } from './connection.ts'
import type { LoadPlan } from './load-plan.ts'

/** One HTTP/2 connection of gRPC calls, which is opened anew when the server wants no more calls on it. */
export class GrpcSession {
  readonly #plan: LoadPlan
  #session: ClientHttp2Session | undefined
  #opening: Promise<void> | undefined

  constructor(plan: LoadPlan) {
    this.#plan = plan
  }

  /** False once the server said GOAWAY: calls under way end, new ones belong on another connection. */
  get usable(): boolean {
    return this.#session !== undefined
  }

  /** @throws an Error that says what is wrong */
  open(): Promise<void> {
    if (this.usable) return Promise.resolve()
    this.#opening ??= this.#connect().finally(() => (this.#opening = undefined))
    return this.#opening
  }

  /** A call, to be written to. Only while it is usable. */
  call(path: string): ClientHttp2Stream {
    const session = this.#session
    if (session === undefined) throw new Error('the gRPC connection is not open')
    const { key } = this.#plan
    return session.request({
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc',
      te: 'trailers',
      ...(key === '' ? {} : { authorization: `Bearer ${key}` }),
    })
  }

  close(): void {
    this.#session?.destroy()
  }

  async #connect(): Promise<void> {
    const { host, port, tls } = this.#plan.target
    const name = host.includes(':') ? `[${host}]` : host
    const session = connect(`${tls === undefined ? 'http' : 'https'}://${name}:${port}`, {
      settings: { initialWindowSize: STREAM_WINDOW, enablePush: false },
      maxSessionMemory: SESSION_MEMORY_MB,
      ...(tls?.ca === undefined ? {} : { ca: tls.ca }),
    })
    const over = (): void => {
      if (this.#session === session) this.#session = undefined
    }
    await new Promise<void>((resolve, reject) => {
      const late = setTimeout(
        () => session.destroy(new Error(`no connection within ${CONNECT_LIMIT_MS} ms`)),
        CONNECT_LIMIT_MS,
      )
      session.once('connect', () => {
        clearTimeout(late)
        session.setLocalWindowSize(CONNECTION_WINDOW)
        resolve()
      })
      // Also later: what was under way learns of it by its own end.
      session.on('error', (error: Error) => {
        clearTimeout(late)
        over()
        reject(new Error(`${host}:${port} cannot be reached: ${error.message}`))
      })
      session.on('close', over)
      session.on('goaway', over)
    })
    this.#session = session
  }
}

/** 10,000 IDs as text are 200 KB; windows below an answer cost a round trip each. */
const STREAM_WINDOW = 1024 * 1024
const CONNECTION_WINDOW = 16 * 1024 * 1024
/** Node's limit of 10 MB counts what is under way on all streams; a deep pipeline of batches is more. */
const SESSION_MEMORY_MB = 256
