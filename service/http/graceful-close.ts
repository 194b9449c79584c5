import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import type { Clock } from '../ports/clock.ts'
import { UnaskedConnections } from './unasked-connections.ts'
import { UnreadAnswers } from './unread-answers.ts'

export interface GracefulClose {
  /** The encrypted listener beside fastify's own. */
  readonly secure: Server | undefined
  /** By which clients that do not read are told. */
  readonly clock: Clock
  /** Whether the connection should end with the answer to its next request, also while nothing closes. */
  readonly isOver: (socket: Socket) => boolean
  /** How long after the close began a request may still be arriving; left out: WHOLE_REQUEST_MS. */
  readonly wholeRequestMs?: number
}

/**
 * From the close on, answers tell the client to open its next connection elsewhere; for a moment new requests are still
 * taken, because clients do not know yet. Then nothing more is accepted, what is in flight is answered, and connections
 * that fall idle are closed: waiting for their keep-alive time would take minutes. A request that has begun to arrive has a
 * few seconds to arrive whole, and who takes nothing of his answer is waited for no longer either; while nothing closes he has
 * half a minute (UnreadAnswers). Returns whether a connection should end with the next answer, for who answers without fastify.
 */
export function closeGracefully(
  app: FastifyInstance,
  { secure, clock, isOver, wholeRequestMs = WHOLE_REQUEST_MS }: GracefulClose,
): GracefulClose['isOver'] {
  let closing = false
  let sweep: NodeJS.Timeout | undefined
  let secureClosed: Promise<void> | undefined
  const servers = secure === undefined ? [app.server] : [app.server, secure]
  const unasked = new UnaskedConnections(app.server, secure)
  const unread = new UnreadAnswers(clock, unasked.accepted)
  for (const server of servers) server.on('connection', () => unread.begin())
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
    const wholeByMs = performance.now() + wholeRequestMs
    sweep = setInterval(() => {
      unasked.closeIdleBut(unread.waiting, () => {
        for (const close of closeIdle) close()
      })
      unasked.closeSilent()
      unread.endStalled(UNREAD_AT_CLOSE_MS)
      if (performance.now() >= wholeByMs) unasked.closeHalfAsked()
    }, IDLE_SWEEP_MS).unref()
    if (secure?.listening === true) secureClosed = new Promise((resolve) => secure.close(() => resolve()))
  })
  // Runs after fastify's own listener has closed.
  app.addHook('onClose', async () => {
    await secureClosed
    clearInterval(sweep)
    unread.stop()
  })
  return isLast
}

/** A busy client sends its next request within this time and learns that it must move; without, it is cut off. */
const LAST_REQUESTS_MS = 250
const IDLE_SWEEP_MS = 100
/**
 * Node looks after its limits of slow requests no more once a server closes: one that stops in the middle would hold the stop
 * for as long as that may take. Whoever means it sends a header and a body of some kilobytes in one or two round trips.
 */
const WHOLE_REQUEST_MS = 5000
/** The same for who reads nothing of an answer. */
const UNREAD_AT_CLOSE_MS = 5000
