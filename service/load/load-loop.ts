import type { DuplicateCheck } from './duplicate-check.ts'
import { Lane, type LaneParts, type LoadTime } from './lane.ts'
import type { ThreadPlan } from './load-plan.ts'
import type { LoadStats } from './load-stats.ts'
import type { Lanes } from './open-lanes.ts'
import { SendSchedule } from './send-schedule.ts'

/**
 * The load of one thread: sends what is due wherever there is room, and ends when everything is answered or the limit
 * of the wait is over.
 *
 *     open ──begin──▶ sending ──duration over, or stop──▶ draining ──all answered, or DRAIN_LIMIT_MS──▶ done
 */
export class LoadLoop {
  readonly #plan: ThreadPlan
  readonly #time: LoadTime
  readonly #schedule: SendSchedule
  readonly #lanes: readonly Lane[]
  #next = 0
  #beginMs = 0

  constructor(plan: ThreadPlan, lanes: Lanes, parts: LoopParts) {
    this.#plan = plan
    this.#time = parts.time
    this.#schedule = new SendSchedule({
      perSecond: plan.rate,
      requests: plan.requests ?? Number.POSITIVE_INFINITY,
      durationMs: plan.warmUpMs + plan.durationMs,
      offsetMs: plan.rate === undefined ? 0 : (plan.thread * 1000) / (plan.rate * plan.threads),
    })
    const common: Omit<LaneParts, 'connect' | 'first'> = {
      schedule: this.#schedule,
      stats: parts.stats,
      check: parts.check,
      time: parts.time,
      depth: lanes.depth,
      batch: plan.batch,
      tags: plan.tags.length,
    }
    this.#lanes = lanes.connects.map(
      (connect, i) => new Lane({ ...common, connect, first: i % plan.tags.length }),
    )
  }

  get underWay(): number {
    return this.#lanes.reduce((sum, lane) => sum + lane.underWay, 0)
  }

  /** @throws an Error that says why a connection cannot be had */
  async open(): Promise<void> {
    for (let at = 0; at < this.#lanes.length; at += CONNECTING_MAX)
      await Promise.all(this.#lanes.slice(at, at + CONNECTING_MAX).map((lane) => lane.open()))
  }

  /** Resolves with how it ended. */
  run(): Promise<LoopEnd> {
    const nowMs = this.#time.now()
    this.#beginMs = nowMs
    this.#schedule.begin(nowMs)
    return new Promise((resolve) => this.#turn(resolve))
  }

  /** Sends nothing more; what is under way is waited for. */
  stop(): void {
    this.#schedule.stop(this.#time.now())
  }

  close(): void {
    for (const lane of this.#lanes) lane.close()
  }

  #turn(done: (end: LoopEnd) => void): void {
    const nowMs = this.#time.now()
    if (this.#schedule.isOver(nowMs)) {
      // What became due since the last turn, as of the last moment that counts.
      this.#send(this.#schedule.lastMs)
      const missed = this.#schedule.missed(nowMs)
      const { lastMs } = this.#schedule
      // Where all requests were sent before the time was over, sending took next to nothing, and the answers the rest.
      const end = (): LoopEnd => ({ missed, ranMs: Math.min(this.#time.now(), lastMs) - this.#beginMs })
      return this.#drain(done, end, nowMs + DRAIN_LIMIT_MS)
    }
    this.#send(nowMs)
    const again = (): void => this.#turn(done)
    if (this.#plan.spin) this.#time.soon(again)
    else this.#time.later(TURN_MS, again)
  }

  /** One lane is filled before the next: fewer and longer writes. */
  #send(nowMs: number): void {
    const lanes = this.#lanes
    for (let tried = 0; tried < lanes.length && this.#schedule.due(nowMs, 1) > 0; tried += 1) {
      lanes[this.#next]?.refill(nowMs)
      this.#next = (this.#next + 1) % lanes.length
    }
  }

  #drain(done: (end: LoopEnd) => void, end: () => LoopEnd, limitMs: number): void {
    const late = this.#time.now() >= limitMs
    if (late)
      for (const lane of this.#lanes) lane.giveUp(UNANSWERED, `no answer ${DRAIN_LIMIT_MS} ms after the end`)
    if (this.underWay === 0) return done(end())
    this.#time.later(TURN_MS, () => this.#drain(done, end, limitMs))
  }
}

export interface LoopParts {
  readonly time: LoadTime
  readonly stats: LoadStats
  readonly check: DuplicateCheck | undefined
}

export interface LoopEnd {
  /** Requests of the open loop whose moment came and for which no connection had room until the end. */
  readonly missed: number
  /** From the first request to the end of sending; to the last answer where the requests ran out before the time. */
  readonly ranMs: number
}

const UNANSWERED = 'UNANSWERED'
/** The finest a timer is. Requests whose moments fall into one turn are sent together. */
const TURN_MS = 1
/** Above the service's own deadline (server.generate.deadline, 2 s by default), after which it answers with an error. */
const DRAIN_LIMIT_MS = 6000
/** Fewer than any listener's backlog. */
const CONNECTING_MAX = 100
