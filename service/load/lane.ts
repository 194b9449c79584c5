import { MALFORMED } from './answer-sink.ts'
import type { Connect, Connection, ConnectionEvents } from './connection.ts'
import type { DuplicateCheck } from './duplicate-check.ts'
import type { LoadStats } from './load-stats.ts'
import type { SendSchedule } from './send-schedule.ts'

/** Time as a lane and its loop see it; tests have one that they move themselves. */
export interface LoadTime {
  /** Milliseconds of a clock that never goes back. */
  now(): number
  later(ms: number, then: () => void): void
  /** After what has come in was read, without a pause. */
  soon(then: () => void): void
}

export interface LaneParts {
  readonly connect: Connect
  readonly schedule: SendSchedule
  readonly stats: LoadStats
  readonly check: DuplicateCheck | undefined
  readonly time: LoadTime
  /** Requests under way at most. */
  readonly depth: number
  /** IDs that an answer has. */
  readonly batch: number
  readonly tags: number
  /** Which request of the cycle of tags is the first, so that lanes do not all begin with the same tag. */
  readonly first: number
}

/**
 * One connection and its requests under way: their moments wait in a ring for the answers, which come in order.
 *
 *     ring   │ … │ #head: answered next │ … under way … │ #tail: sent next │ … │     (request k at k modulo depth)
 */
export class Lane implements ConnectionEvents {
  readonly #parts: LaneParts
  readonly #intended: Float64Array
  readonly #sentAt: Float64Array
  #connection: Connection | undefined
  #head = 0
  #tail = 0
  /** What lies below it was sent again once. */
  #resentTo = 0
  /** Where #head was when the connection ended last: answers since then moved it on. */
  #headAtEnd = -1
  #nowMs = 0
  #idsOfAnswer = 0
  #closed = false

  constructor(parts: LaneParts) {
    this.#parts = parts
    this.#intended = new Float64Array(parts.depth)
    this.#sentAt = new Float64Array(parts.depth)
  }

  get underWay(): number {
    return this.#tail - this.#head
  }

  async open(): Promise<void> {
    const connection = await this.#parts.connect(this)
    if (this.#closed) return connection.close()
    this.#connection = connection
    // Before anything else is sent: the answers come in the order of the requests.
    this.#askAgain(this.#parts.time.now())
  }

  close(): void {
    this.#closed = true
    this.#connection?.close()
  }

  /** Sends what is due and has room. */
  refill(nowMs: number): void {
    const { schedule, depth, stats } = this.#parts
    if (this.#connection === undefined) return
    const count = schedule.due(nowMs, depth - this.underWay)
    if (count === 0) return
    const from = this.#tail
    for (let i = 0; i < count; i += 1) {
      const slot = this.#tail % depth
      const intended = schedule.take(nowMs)
      this.#intended[slot] = intended
      this.#sentAt[slot] = nowMs
      this.#tail += 1
    }
    stats.bytesOut += this.#connection.ask(this.#parts.first + from, count)
  }

  received(bytes: number): void {
    this.#nowMs = this.#parts.time.now()
    this.#parts.stats.bytesIn += bytes
  }

  numbers(upper: number, lower: number, count: number): void {
    this.#idsOfAnswer += count
    this.#parts.check?.numbers(this.#tag, upper, lower, count)
  }

  uuid(w0: number, w1: number, w2: number, w3: number): void {
    this.#idsOfAnswer += 1
    this.#parts.check?.uuid(this.#tag, w0, w1, w2, w3)
  }

  text(text: string): void {
    this.#idsOfAnswer += 1
    this.#parts.check?.text(this.#tag, text)
  }

  answered(): void {
    if (this.underWay === 0) return this.#unexpected('an ID')
    const { stats, batch, depth } = this.#parts
    const ids = this.#idsOfAnswer
    if (ids !== batch)
      return this.refused(MALFORMED, `an answer with ${ids} IDs where ${batch} were asked for`)
    this.#idsOfAnswer = 0
    const slot = this.#head % depth
    const intended = this.#intended[slot] as number
    stats.latency.record(this.#nowMs - intended)
    stats.delay.record((this.#sentAt[slot] as number) - intended)
    stats.answers += 1
    stats.ids += ids
    this.#head += 1
  }

  refused(code: string, text: string): void {
    if (this.underWay === 0) return this.#unexpected(text)
    this.#idsOfAnswer = 0
    this.#parts.stats.fail(code, text)
    this.#head += 1
  }

  settled(): void {
    // Read again: sending has its moment after the reading.
    this.refill(this.#parts.time.now())
  }

  lost(code: string, text: string, resend: boolean): void {
    this.#connection = undefined
    this.#idsOfAnswer = 0
    if (this.#closed) return
    // After an orderly close at once: the server is well, and whoever waits for it is waiting longer meanwhile. Unless it
    // closes again and again without an answer in between.
    const isWell = resend && this.#head > this.#headAtEnd
    // Once only: or a server that answers one request and drops the others would have lost none.
    this.#giveUpBelow(resend ? this.#resentTo : this.#tail, code, text)
    this.#headAtEnd = this.#head
    this.#parts.stats.reconnects += 1
    if (isWell) this.#parts.time.soon(() => this.#reopen())
    else this.#parts.time.later(RECONNECT_MS, () => this.#reopen())
  }

  /** Counts all that is under way as failed. */
  giveUp(code: string, text: string): void {
    this.#giveUpBelow(this.#tail, code, text)
  }

  #giveUpBelow(end: number, code: string, text: string): void {
    const count = end - this.#head
    if (count <= 0) return
    this.#parts.stats.fail(code, text, count)
    this.#head = end
  }

  /** Counted, but nobody's: a server that closes an idle connection may say so before (HTTP 408). */
  #unexpected(text: string): void {
    this.#idsOfAnswer = 0
    this.#parts.stats.fail('UNASKED_ANSWER', text)
  }

  get #tag(): number {
    return (this.#parts.first + this.#head) % this.#parts.tags
  }

  #reopen(): void {
    const { time, stats } = this.#parts
    if (this.#closed) return
    this.open().then(
      () => this.refill(time.now()),
      (error: unknown) => {
        stats.fail(CONNECT_FAILED, error instanceof Error ? error.message : String(error))
        time.later(RECONNECT_MS, () => this.#reopen())
      },
    )
  }

  #askAgain(nowMs: number): void {
    const { stats, depth } = this.#parts
    const count = this.underWay
    if (count === 0 || this.#connection === undefined) return
    for (let k = this.#head; k < this.#tail; k += 1) this.#sentAt[k % depth] = nowMs
    this.#resentTo = this.#tail
    stats.resent += count
    stats.bytesOut += this.#connection.ask(this.#parts.first + this.#head, count)
  }
}

/** Counted for each attempt to connect again that failed. */
const CONNECT_FAILED = 'CONNECT_FAILED'
/** A server that was restarted is back within seconds; ten attempts a second and connection are no load. */
const RECONNECT_MS = 100
