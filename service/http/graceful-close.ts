import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'

export interface GracefulClose {
  /** The encrypted listener beside fastify's own. */
  readonly secure: Server | undefined
  /** Whether the connection should end with the answer to its next request, also while nothing closes. */
  readonly isOver: (socket: Socket) => boolean
}

/**
 * From the close on, answers tell the client to open its next connection elsewhere; for a moment new requests are still
 * taken, because clients do not know yet. Then nothing more is accepted, what is in flight is answered, and connections
 * that fall idle are closed: waiting for their keep-alive time would take minutes. Returns whether a connection should end
 * with the next answer, for who answers without fastify.
 */
export function closeGracefully(
  app: FastifyInstance,
  { secure, isOver }: GracefulClose,
): GracefulClose['isOver'] {
  let closing = false
  let sweep: NodeJS.Timeout | undefined
  let secureClosed: Promise<void> | undefined
  const servers = secure === undefined ? [app.server] : [app.server, secure]
  const silent = new SilentConnections(servers)
  const isLast = (socket: Socket): boolean => closing || isOver(socket)
  app.addHook('onSend', (request, reply, _payload, done) => {
    if (isLast(request.raw.socket)) reply.header('connection', 'close')
    done()
  })
  app.addHook('preClose', async () => {
    closing = true
    if (servers.some(({ listening }) => listening)) await pause(LAST_REQUESTS_MS)
    const closeIdle = servers.map((server) => server.closeIdleConnections.bind(server))
    // Node's close() does this at once, and would cut connections whose request has arrived but was not read yet.
    for (const server of servers) server.closeIdleConnections = () => {}
    sweep = setInterval(() => {
      for (const close of closeIdle) close()
      silent.closeSoon()
    }, IDLE_SWEEP_MS).unref()
    if (secure?.listening === true) secureClosed = new Promise((resolve) => secure.close(() => resolve()))
  })
  // Runs after fastify's own listener has closed.
  app.addHook('onClose', async () => {
    await secureClosed
    clearInterval(sweep)
  })
  return isLast
}

/** To node:http a connection without any request is not idle, and would be waited for until the shutdown's time is over. */
class SilentConnections {
  readonly #open = new Set<Socket>()

  constructor(servers: readonly Server[]) {
    for (const server of servers)
      server.on('connection', (socket: Socket) => {
        this.#open.add(socket)
        socket.once('close', () => this.#open.delete(socket))
      })
  }

  /** After what has arrived by now was read: a first request may be among it. */
  closeSoon(): void {
    setImmediate(() => {
      for (const socket of this.#open) if (socket.bytesRead === 0) socket.destroy()
    })
  }
}

/** A busy client sends its next request within this time and learns that it must move; without, it is cut off. */
const LAST_REQUESTS_MS = 250
const IDLE_SWEEP_MS = 100
