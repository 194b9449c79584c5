import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { AnswerReader, AnswerSink } from './answer-sink.ts'
import { CONNECT_LIMIT_MS, CONNECTION_LOST, type Connection, type ConnectionEvents } from './connection.ts'
import type { CyclicRequests } from './cyclic-requests.ts'
import type { LoadTarget } from './load-plan.ts'

export interface SocketProtocol {
  readonly requests: CyclicRequests
  readonly reader: AnswerReader
  /** Sent first, and answered by one answer of its own (a log-in). */
  readonly greeting: string | undefined
  /**
   * The protocol has no word for an orderly end: the server closes right behind an answer, and has done nothing about what
   * it has not answered. Clients send that again (docs/resp.md).
   */
  readonly endsBehindAnswers: boolean
}

/**
 * A protocol spoken on the bare socket: prepared bytes out, and answers read in place out of one reused buffer. Node's
 * HTTP client and Redis clients cost several times as much per request, which the server on the same machine would pay.
 */
export async function openSocket(
  target: LoadTarget,
  protocol: SocketProtocol,
  events: ConnectionEvents,
): Promise<Connection> {
  const connection = new SocketConnection(protocol, events)
  await connection.open(target)
  return connection
}

class SocketConnection implements Connection {
  readonly #protocol: SocketProtocol
  readonly #events: ConnectionEvents
  #socket: Socket | undefined
  /** Begin of an answer whose end has not come. */
  #parts: Buffer[] = []
  #partBytes = 0
  #greeted: ((error?: Error) => void) | undefined
  /** A server that closes before any answer, the log-in's not counted, would close the next connection as well. */
  #hasAnswered = false
  #over = false

  constructor(protocol: SocketProtocol, events: ConnectionEvents) {
    this.#protocol = protocol
    this.#events = events
  }

  async open(target: LoadTarget): Promise<void> {
    const socket = await connected(target, (bytes, length) => this.#onBytes(bytes, length))
    this.#socket = socket
    socket.on('error', (error) => this.#lose(error.message, false))
    socket.on('end', () => this.#lose('the server closed the connection', this.#isOrderlyEnd))
    socket.on('close', () => this.#lose('the server closed the connection', false))
    const { greeting } = this.#protocol
    if (greeting === undefined) return
    const late = setTimeout(
      () => this.#lose(`no answer to the log-in within ${CONNECT_LIMIT_MS} ms`, false),
      CONNECT_LIMIT_MS,
    )
    try {
      await new Promise<void>((resolve, reject) => {
        this.#greeted = (error) => (error === undefined ? resolve() : reject(error))
        socket.write(greeting)
      })
    } catch (error) {
      // Each attempt to connect again would leave one behind.
      this.close()
      throw error
    } finally {
      clearTimeout(late)
    }
  }

  get #isOrderlyEnd(): boolean {
    return this.#protocol.endsBehindAnswers && this.#hasAnswered && this.#partBytes === 0
  }

  ask(from: number, count: number): number {
    const bytes = this.#protocol.requests.window(from, count)
    this.#socket?.write(bytes)
    return bytes.length
  }

  close(): void {
    this.#over = true
    this.#socket?.destroy()
  }

  #onBytes(chunk: Buffer, length: number): void {
    if (this.#over) return
    const { reader } = this.#protocol
    let bytes = chunk
    let to = length
    if (this.#partBytes > 0) {
      this.#keep(chunk, 0, length)
      if (this.#partBytes < reader.needed) return this.#events.received(length)
      bytes = Buffer.concat(this.#parts)
      to = this.#partBytes
      this.#parts = []
      this.#partBytes = 0
    }
    this.#read(bytes, to, length)
  }

  #read(bytes: Buffer, to: number, length: number): void {
    const { reader } = this.#protocol
    this.#events.received(length)
    // Asked before: the answer to the log-in ends it.
    const isGreeted = this.#greeted === undefined
    try {
      const read = reader.read(bytes, to, isGreeted ? this.#events : this.#greetingSink())
      this.#hasAnswered ||= isGreeted && read > 0
      if (read < to) this.#keep(bytes, read, to)
    } catch (error) {
      this.#lose(error instanceof Error ? error.message : String(error), false)
      return
    }
    if (reader.closing) this.#lose('the server closed the connection', true)
    else this.#events.settled()
  }

  /** A copy: the buffer is read into again. */
  #keep(bytes: Buffer, from: number, to: number): void {
    this.#parts.push(Buffer.from(bytes.subarray(from, to)))
    this.#partBytes += to - from
  }

  #greetingSink(): AnswerSink {
    const done = (error?: Error): void => {
      this.#greeted?.(error)
      this.#greeted = undefined
    }
    return {
      numbers: () => undefined,
      uuid: () => undefined,
      text: () => undefined,
      answered: () => done(),
      // `+OK` is no ID, which is what a greeting is answered with.
      refused: (_code, text) => done(text.startsWith('+OK') ? undefined : new Error(text)),
    }
  }

  #lose(text: string, resend: boolean): void {
    if (this.#over) return
    this.close()
    const greeted = this.#greeted
    this.#greeted = undefined
    if (greeted !== undefined) greeted(new Error(text))
    else this.#events.lost(CONNECTION_LOST, text, resend)
  }
}

function connected(
  { host, port, tls }: LoadTarget,
  onBytes: (bytes: Buffer, length: number) => void,
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket =
      tls === undefined
        ? connect({ host, port, noDelay: true, onread: readInto(onBytes) })
        : connectTls({
            host,
            port,
            servername: isName(host) ? host : '',
            ...(tls.ca === undefined ? {} : { ca: tls.ca }),
          })
    if (tls !== undefined) socket.on('data', (chunk: Buffer) => onBytes(chunk, chunk.length))
    const late = setTimeout(
      () => socket.destroy(new Error(`no connection within ${CONNECT_LIMIT_MS} ms`)),
      CONNECT_LIMIT_MS,
    )
    const fail = (error: Error): void => {
      clearTimeout(late)
      reject(new Error(`${host}:${port} cannot be reached: ${error.message}`))
    }
    socket.once('error', fail)
    socket.once(tls === undefined ? 'connect' : 'secureConnect', () => {
      clearTimeout(late)
      socket.off('error', fail)
      socket.setNoDelay(true)
      resolve(socket)
    })
  })
}

/** One buffer for the life of the connection, instead of a new one for every chunk. */
function readInto(onBytes: (bytes: Buffer, length: number) => void): {
  buffer: Buffer
  callback: (length: number) => boolean
} {
  const buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES)
  return {
    buffer,
    callback: (length) => {
      onBytes(buffer, length)
      return true
    },
  }
}

/** SNI takes names only. */
function isName(host: string): boolean {
  return !/^[\d.]+$|:/.test(host)
}

/** Some 3,000 replies of 20 bytes; 5,000 connections take 80 MB. */
const CHUNK_BYTES = 16_384
