import type { IdAnswer } from './id-answer.ts'

/**
 * Tells an answer that comes a second time. A proxy or cache that repeats answers to POST would hand out every ID in
 * them twice (it has happened to others); such an answer begins with an ID that another one began with, and the
 * service never does that.
 */
export class SeenAnswers {
  /** When each came; in the order in which they came. */
  readonly #firsts = new Map<bigint | string, number>()

  /** false: it was here before, and none of its IDs may be used. `nowMs`: of a monotonic clock. */
  admit({ runs, texts }: IdAnswer, nowMs: number): boolean {
    const first = runs[0]?.first ?? texts[0]
    if (first === undefined) return true
    if (this.#firsts.has(first)) return false
    this.#firsts.set(first, nowMs)
    for (const [oldest, cameMs] of this.#firsts) {
      if (this.#firsts.size <= REMEMBERED_MAX && nowMs - cameMs <= REMEMBERED_MS) break
      this.#firsts.delete(oldest)
    }
    return true
  }
}

/** A cache that nobody wanted keeps its answers for seconds or minutes. */
const REMEMBERED_MS = 600_000
/** As many as a busy tag gets in seven minutes: 100 KB of memory then, next to nothing for a slow one. */
const REMEMBERED_MAX = 1024
