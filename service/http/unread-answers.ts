import type { Socket } from 'node:net'
import type { Clock } from '../ports/clock.ts'

/** Private in Node, and what Node itself asks before it calls a socket inactive; unread-answers.test.ts holds that it is there. */
interface Handle {
  /** Bytes given to the handle, ever. */
  readonly bytesWritten: number
  /** Those of them that the system does not take yet. */
  readonly writeQueueSize: number
}

/** Since when the system has taken so many bytes of a connection, and none since. */
interface Stall {
  readonly taken: number
  readonly sinceMs: number
}

/**
 * Ends connections whose clients do not read their answers: Node has no limit for them. One timer for all, so that a request
 * costs nothing: what the system takes at once, nearly every answer, is never seen here. A client that reads slowly goes on for
 * as long as it reads at all.
 */
export class UnreadAnswers {
  readonly #clock: Clock
  readonly #accepted: ReadonlySet<Socket>
  readonly #stalls = new WeakMap<Socket, Stall>()
  #looking: Disposable | undefined

  /** `accepted`: all that are open, of an encrypted listener the sockets below, which alone know what has left. */
  constructor(clock: Clock, accepted: ReadonlySet<Socket>) {
    this.#clock = clock
    this.#accepted = accepted
  }

  /** Somebody has connected. */
  begin(): void {
    this.#looking ??= this.#clock.after(LOOK_EVERY_MS, () => {
      this.#looking = undefined
      this.endStalled(STALL_MS)
      if (this.#accepted.size > 0) this.begin()
    })
  }

  stop(): void {
    this.#looking?.[Symbol.dispose]()
  }

  /** Those who have not taken all that was written to them yet. */
  get waiting(): readonly Socket[] {
    return [...this.#accepted].filter((socket) => waitingFor(socket) > 0)
  }

  /** Ends who has taken nothing for so long, as far as looks tell: it counts from the first that saw it. */
  endStalled(limitMs: number): void {
    const nowMs = this.#clock.monotonicMs()
    for (const socket of this.#accepted) {
      const waiting = waitingFor(socket)
      if (waiting === 0) {
        this.#stalls.delete(socket)
        continue
      }
      const taken = (handleOf(socket)?.bytesWritten ?? 0) - waiting
      const stall = this.#stalls.get(socket)
      if (stall?.taken !== taken) this.#stalls.set(socket, { taken, sinceMs: nowMs })
      else if (nowMs - stall.sinceMs >= limitMs) socket.destroy()
    }
  }
}

/** Bytes that the system does not take yet. */
function waitingFor(socket: object): number {
  return handleOf(socket)?.writeQueueSize ?? 0
}

/** undefined: it is closed. */
function handleOf(socket: object): Handle | undefined {
  const { _handle: handle } = socket as { readonly _handle?: Handle | null }
  return handle ?? undefined
}

/** A look at 10,000 connections takes some 2 ms. */
const LOOK_EVERY_MS = 5000
/** As over gRPC: longer than any network is away whose connections survive it. */
const STALL_MS = 30_000
