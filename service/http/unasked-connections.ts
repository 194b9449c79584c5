import type { Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { IdgenError } from '../core/errors.ts'
import { bareAnswer } from './broken-request.ts'

/** Open connections on which no whole request has arrived. node:http does not call them idle, and waits for them to close. */
export class UnaskedConnections {
  readonly #accepted = new Set<Socket>()
  /** As requests name them. */
  readonly #asking = new Set<Socket>()
  readonly #refused = new WeakSet<Socket>()

  constructor(plain: Server, secure: Server | undefined) {
    for (const server of [plain, secure]) server?.on('connection', listing(this.#accepted))
    plain.on('connection', listing(this.#asking))
    secure?.on('secureConnection', listing(this.#asking))
  }

  /** All that are open, as accepted: of an encrypted listener the sockets below, also while they agree on keys. */
  get accepted(): ReadonlySet<Socket> {
    return this.#accepted
  }

  /**
   * Calls `close`, which ends what Node takes for idle, but for `reading` (as accepted): Node takes an answer for given once all of it
   * is written. Node has no name for who is idle, and a connection that has asked once looks like one with half a request.
   */
  closeIdleBut(reading: readonly Socket[], close: () => void): void {
    const kept = new Set(reading.map(addressOf))
    const shielded = kept.size === 0 ? [] : [...this.#asking].filter((socket) => kept.has(addressOf(socket)))
    for (const socket of shielded) socket.destroy = () => socket
    close()
    for (const socket of shielded) Reflect.deleteProperty(socket, 'destroy')
  }

  /** Those that have sent nothing. After what has arrived by now was read: a first request may be among it. */
  closeSilent(): void {
    setImmediate(() => {
      // An encrypted one has read a handshake as it was accepted, but nothing of a request.
      for (const socket of [...this.#accepted, ...this.#asking]) if (socket.bytesRead === 0) socket.destroy()
    })
  }

  /**
   * Those that have sent a part of a request are told why. Who is still here at the next call is cut off, and at once who
   * has not even agreed on keys.
   */
  closeHalfAsked(): void {
    this.#closeUnagreed()
    for (const socket of this.#asking) {
      const owed = answerOwed(socket)
      if (socket.destroyed || socket.bytesRead === 0 || owed?.req.complete === true) continue
      // Other words would stand in the middle of an answer that has begun.
      if (this.#refused.has(socket) || owed?.headersSent === true) socket.destroy()
      else this.#refuse(socket)
    }
  }

  /** By their addresses: nothing public leads from an encrypted socket to the one below. */
  #closeUnagreed(): void {
    const agreed = new Set(Array.from(this.#asking, addressOf))
    for (const socket of this.#accepted) if (!agreed.has(addressOf(socket))) socket.destroy()
  }

  #refuse(socket: Socket): void {
    this.#refused.add(socket)
    if (socket.writable) socket.write(bareAnswer(cameTooLate()))
    socket.destroySoon()
  }
}

function listing(open: Set<Socket>): (socket: Socket) => void {
  return (socket) => {
    open.add(socket)
    socket.once('close', () => open.delete(socket))
  }
}

function addressOf({ localPort, remoteAddress, remotePort }: Socket): string {
  return `${localPort} ${remoteAddress} ${remotePort}`
}

/**
 * From the end of a request's headers to the end of its answer. Node itself decides by it what is idle, but has no public
 * name for it; the public events would cost every request. server-close.test.ts holds that it is there.
 */
function answerOwed(socket: Socket & { readonly _httpMessage?: ServerResponse | null }) {
  return socket._httpMessage ?? undefined
}

function cameTooLate(): IdgenError {
  const why = 'The request did not arrive whole before this server shut down; ask another one.'
  return new IdgenError('IDGEN_SHUTTING_DOWN', why, { retryAfterMs: 1000 })
}
