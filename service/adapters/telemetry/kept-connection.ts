import { connect, isIP, type Socket } from 'node:net'
import { connect as connectSecurely } from 'node:tls'
import { type HttpAnswer, readHttpAnswer } from './http-answer.ts'

/**
 * One HTTP/1.1 connection for requests one after the other, on a bare socket. Not by fetch or node:http: both share much of
 * their code with the server that answers callers, and what V8 had optimised for that is thrown away by each new way in which
 * an upload runs it (docs/decisions/0031).
 */
export class KeptConnection {
  readonly #socket: Socket
  #asked: PromiseWithResolvers<HttpAnswer> | undefined
  #bytes: Buffer = NOTHING

  constructor(url: URL) {
    this.#socket = openSocket(url)
      .setNoDelay(true)
      .on('data', (chunk: Buffer) => {
        this.#bytes = Buffer.concat([this.#bytes, chunk])
        this.#read(false)
      })
      .on('end', () => this.#read(true))
      .on('error', (error) => this.end(error))
      .on('close', () => this.end(new Error('it ended the connection without an answer')))
  }

  /** Good for another request, as far as is known: the other side may have ended it a moment ago. */
  get isOpen(): boolean {
    return !this.#socket.destroyed && this.#socket.writable && this.#asked === undefined
  }

  /** Whether any of the answer has come. */
  get isAnswering(): boolean {
    return this.#bytes.length > 0
  }

  /** Rejects when the connection fails or is ended. Only one is asked at a time. */
  async ask(request: Buffer): Promise<HttpAnswer> {
    this.#asked = Promise.withResolvers<HttpAnswer>()
    this.#socket.ref()
    this.#socket.write(request)
    const answer = await this.#asked.promise
    // A process that is done does not stay for it.
    this.#socket.unref()
    return answer
  }

  /** A request under way rejects with `why`. */
  end(why: Error): void {
    this.#socket.destroy()
    this.#asked?.reject(why)
    this.#asked = undefined
  }

  #read(ended: boolean): void {
    // Said without being asked: whatever it is, it would be taken for the next answer.
    if (this.#asked === undefined) return this.end(new Error('nothing was asked'))
    if (ended && this.#bytes.length === 0) return
    try {
      const answer = readHttpAnswer(this.#bytes, ended)
      if (answer === undefined) return
      const asked = this.#asked
      this.#asked = undefined
      this.#bytes = NOTHING
      if (!answer.keep) this.#socket.destroy()
      asked.resolve(answer)
    } catch (thrown) {
      this.end(thrown instanceof Error ? thrown : new Error(String(thrown)))
    }
  }
}

function openSocket({ protocol, hostname, port }: URL): Socket {
  const host = hostname.replace(/^\[(.*)\]$/, '$1')
  if (protocol !== 'https:') return connect({ host, port: Number(port || 80) })
  const named = isIP(host) === 0 ? { servername: host } : {}
  return connectSecurely({ host, port: Number(port || 443), ...named, ALPNProtocols: ['http/1.1'] })
}

const NOTHING = Buffer.alloc(0)
