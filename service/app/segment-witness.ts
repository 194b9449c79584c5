import { witnessKey } from '../core/coordination-keys.ts'
import { SEGMENT_LIMIT } from '../core/tag.ts'
import type { WitnessRecord } from '../core/witness.ts'
import type { Clock } from '../ports/clock.ts'
import type { Coordinator } from '../ports/coordinator.ts'

export interface SegmentWitnessOptions {
  readonly coordinator: Coordinator
  readonly clock: Clock
  /** Longest wait for one call; milliseconds. The allocation holds a row lock meanwhile. */
  readonly deadlineMs: number
}

/** A record as read: `text` is what the compare-and-set compares, undefined where there is none. */
export interface WitnessReading {
  readonly text: string | undefined
  readonly record: WitnessRecord | undefined
}

/** Reads and moves the witness records in etcd. */
export class SegmentWitness {
  readonly #options: SegmentWitnessOptions
  #awayUntilMs = Number.NEGATIVE_INFINITY
  #fault: string | undefined
  #faultAtMs = 0

  constructor(options: SegmentWitnessOptions) {
    this.#options = options
  }

  /**
   * Why etcd did not answer the last time, or undefined. Only allocations ask, so without any for a while what the last
   * one met says nothing about now; it would call an idle process degraded long after etcd is back.
   */
  get fault(): string | undefined {
    const old = this.#options.clock.monotonicMs() - this.#faultAtMs > FAULT_KEPT_MS
    return old ? undefined : this.#fault
  }

  async read(generation: string, dc: number): Promise<WitnessReading | 'away'> {
    return await this.#ask(async ({ coordinator, deadlineMs }) => {
      const entry = await coordinator.get(witnessKey(generation, dc), deadlineMs)
      if (entry === undefined) return { text: undefined, record: undefined }
      try {
        return { text: entry.value, record: parseWitness(entry.value) }
      } catch {
        // Of this tag alone nothing is known; etcd answers, and the other tags must not wait for it.
        this.#noteFault(
          `the key ${witnessKey(generation, dc)} in etcd holds no record of idgen but ${entry.value.slice(0, SHOWN_MAX)}; delete it, and the tag goes on above the ceiling that the database knows`,
        )
        return 'away'
      }
    })
  }

  /**
   * One compare-and-set on the whole value. The value, not its revision: a restored etcd counts revisions again.
   * 'lost': it holds something else by now. 'away': it may have been moved, or may still be.
   */
  async move(
    generation: string,
    dc: number,
    before: WitnessReading,
    after: WitnessRecord,
  ): Promise<'moved' | 'lost' | 'away'> {
    const key = witnessKey(generation, dc)
    return await this.#ask(async ({ coordinator, deadlineMs }) => {
      const { succeeded } = await coordinator.transact(
        {
          compare: [before.text === undefined ? { key, createRevision: 0 } : { key, value: before.text }],
          change: [{ put: key, value: printWitness(after) }],
        },
        deadlineMs,
      )
      return succeeded ? 'moved' : 'lost'
    })
  }

  /** After a failure the next allocations do not wait for etcd again: each would hold its row for the deadline. */
  async #ask<T>(call: (options: SegmentWitnessOptions) => Promise<T>): Promise<T | 'away'> {
    const { clock } = this.#options
    if (clock.monotonicMs() < this.#awayUntilMs) return 'away'
    try {
      const answer = await call(this.#options)
      if (answer !== 'away') this.#fault = undefined
      return answer
    } catch (thrown) {
      this.#noteFault(thrown instanceof Error ? thrown.message : String(thrown))
      this.#awayUntilMs = clock.monotonicMs() + AWAY_MS
      return 'away'
    }
  }

  #noteFault(why: string): void {
    this.#fault = why
    this.#faultAtMs = this.#options.clock.monotonicMs()
  }
}

export function printWitness({ used, ceiling, history, closed }: WitnessRecord): string {
  return JSON.stringify({ used, ceiling, history, ...(closed === true ? { closed } : {}) })
}

/** @throws Error when somebody wrote something else into the key: then nothing is granted by it */
export function parseWitness(text: string): WitnessRecord {
  const parsed = JSON.parse(text) as Partial<WitnessRecord>
  const { used, ceiling, history, closed } = parsed
  if (!isEnd(used) || !isEnd(ceiling) || typeof history !== 'string')
    throw new Error(`a witness record of idgen was expected in etcd, not ${text.slice(0, SHOWN_MAX)}`)
  return { used, ceiling, history, ...(closed === true ? { closed } : {}) }
}

/** 2^53 itself is the end of the last numbers. */
function isEnd(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) >= 0 && Number(value) <= SEGMENT_LIMIT
}

const AWAY_MS = 1000
const SHOWN_MAX = 200
/** Many times AWAY_MS: while there are allocations, a fault that lasts is met again long before. */
const FAULT_KEPT_MS = 15_000
