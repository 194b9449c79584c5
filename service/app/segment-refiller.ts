import { IdgenError } from '../core/errors.ts'
import type { SegmentGrant } from '../core/grant.ts'
import type { SegmentBuffer } from '../core/segment-buffer.ts'
import type { Clock } from '../ports/clock.ts'
import type { Log } from '../ports/log.ts'
import type { SegmentStore } from '../ports/segment-store.ts'
import { NO_TRACER, type Span, type Tracer, traced } from '../ports/tracer.ts'

export interface RefillerOptions {
  readonly store: SegmentStore
  readonly buffer: SegmentBuffer
  readonly tagId: number
  readonly generation: string
  readonly tagPath: string
  readonly dc: number
  readonly clock: Clock
  readonly log: Log
  /** Left out: no call is traced. */
  readonly tracer?: Tracer
  /** Callers give up waiting for an allocation after this time and the router degrades; milliseconds. */
  readonly refillDeadlineMs: number
  /** This process' share of its processors, 0..1; part of the dynamic step. */
  readonly cpu: () => number
}

/**
 * Fetches segments for one buffer, one allocation at a time (single flight): a hundred callers on an empty
 * segment cost one transaction.
 */
export class SegmentRefiller {
  readonly #options: RefillerOptions
  #flight: Promise<void> | undefined
  #stopped = false

  constructor(options: RefillerOptions) {
    this.#options = options
  }

  /** Starts an allocation in the background where the buffer wants one. Called after every take; cheap when not. */
  preload(nowMs: number): void {
    if (this.#flight !== undefined || this.#stopped) return
    const { buffer, cpu } = this.#options
    // Measuring the processor would cost more than the IDs, so only for a step that is needed.
    if (!buffer.wantsRefill(nowMs)) return
    const step = buffer.refillStep(nowMs, cpu())
    if (step > 0) this.#flight = this.#tracedAllocate(step)
  }

  /**
   * Resolves when an allocation was installed, was refused, or is late: take again, then ask `shortage`.
   * Never rejects.
   */
  async refill(nowMs: number): Promise<void> {
    this.preload(nowMs)
    if (this.#flight === undefined) return
    const { clock, refillDeadlineMs } = this.#options
    const flight = this.#flight
    await new Promise<void>((resolve) => {
      const timer = clock.after(refillDeadlineMs, () => {
        this.#late()
        resolve()
      })
      void flight.then(() => {
        timer[Symbol.dispose]()
        resolve()
      })
    })
  }

  /** No allocation begins after this; resolves when the one in flight has ended. */
  async stop(): Promise<void> {
    this.#stopped = true
    await this.#flight
  }

  /** After the buffer was drained: returns unused ends, newest first, until the store says somebody took more. */
  async giveBack(unused: readonly SegmentGrant[]): Promise<void> {
    const { store, tagId, generation, dc, log, tagPath } = this.#options
    for (const grant of unused) {
      try {
        if (!(await store.giveBack(tagId, dc, grant, generation))) return
      } catch (error) {
        // A gap is free, a duplicate is not: what could not be returned for certain stays burnt.
        log.warn(
          { err: error, tag: tagPath, lo: grant.lo, hi: grant.hi },
          'unused numbers could not be returned',
        )
        return
      }
    }
  }

  /** Of the call that began it: those that join it wait beside it. */
  #tracedAllocate(step: number): Promise<void> {
    const { tracer = NO_TRACER } = this.#options
    return traced(tracer, { name: 'allocate a segment', kind: 'internal' }, (span) =>
      this.#allocate(step, span),
    )
  }

  async #allocate(step: number, span: Span | undefined): Promise<void> {
    span?.set('idgen.tag', this.#options.tagPath)
    span?.set('idgen.step', step)
    const { store, buffer, tagId, generation, dc, clock, log, tagPath } = this.#options
    const asked = buffer.holds
    const least = buffer.refillLeast
    try {
      const grant = await store.allocate(tagId, dc, step, generation, least)
      span?.set('idgen.grant.lo', grant.lo)
      span?.set('idgen.grant.hi', grant.hi)
      // A grant that arrives after its deadline is still ours alone, so it is used. After drain it is only returned.
      buffer.install(grant, clock.nowMs(), asked)
    } catch (thrown) {
      const error = IdgenError.from(thrown)
      span?.fail(error.message)
      // Who asked for too many is told; in the log it would be noise that callers can make.
      if (error.code !== 'IDGEN_COUNT_OUT_OF_RANGE')
        log.warn({ err: error, tag: tagPath, dc, step, code: error.code }, 'segment allocation failed')
      buffer.refused(error.code, error.message, clock.nowMs(), least)
    } finally {
      this.#flight = undefined
    }
  }

  #late(): void {
    const { buffer, clock, refillDeadlineMs, tagPath } = this.#options
    buffer.refused(
      'IDGEN_SEGMENT_UNAVAILABLE',
      `No segment for ${tagPath} within ${refillDeadlineMs} ms: the database is slow or away.`,
      clock.nowMs(),
    )
  }
}
