import { DURATION_BOUNDS } from './duration-histogram.ts'
import type { EndedSpan } from './ended-span.ts'

/** The steps that the histogram of durations counts: what a call waited for its IDs, in the main thread or in one of its own. */
export const WAIT_STEPS = { grant: 'wait for a grant', share: 'wait for a share' } as const

/** A traced call that took about so long (an exemplar, as OpenMetrics calls it). */
export interface TraceExample {
  readonly traceId: string
  readonly spanId: string
  readonly seconds: number
  /** Unix milliseconds when it ended. */
  readonly atMs: number
}

/**
 * The newest traced wait of each class of durations, for people who see a slow class and ask for a call of it. Only what is
 * traced anyway passes here: a call that is not costs nothing.
 */
export class TraceExamples {
  /** One for each class, and one for the open class at the end. */
  readonly #newest: (TraceExample | undefined)[] = Array.from({ length: DURATION_BOUNDS.length + 1 })

  note(spans: readonly EndedSpan[]): void {
    for (const { name, traceId, spanId, startMs, durationMs } of spans) {
      if (name !== WAIT_STEPS.grant && name !== WAIT_STEPS.share) continue
      const seconds = durationMs / 1000
      const at = classOf(seconds)
      const atMs = startMs + durationMs
      // Those of other threads come a moment later; a time that goes back would be refused.
      if (atMs >= (this.#newest[at]?.atMs ?? 0)) this.#newest[at] = { traceId, spanId, seconds, atMs }
    }
  }

  /** By class, as the bounds stand. */
  read(): readonly (TraceExample | undefined)[] {
    return this.#newest
  }
}

function classOf(seconds: number): number {
  const at = DURATION_BOUNDS.findIndex((bound) => seconds <= bound)
  return at < 0 ? DURATION_BOUNDS.length : at
}
