import type { IdAnswer } from './id-answer.ts'

/**
 * Tells an answer that comes a second time. A proxy or cache that repeats answers to POST would hand out every ID in
 * them twice (it has happened to others); such an answer begins with an ID that another one began with, and the
 * service never does that.
 */
export class SeenAnswers {
  /** In the order in which they came. */
  readonly #firsts = new Set<bigint | string>()

  /** false: it was here before, and none of its IDs may be used. */
  admit({ runs, texts }: IdAnswer): boolean {
    const first = runs[0]?.first ?? texts[0]
    if (first === undefined) return true
    if (this.#firsts.has(first)) return false
    this.#firsts.add(first)
    if (this.#firsts.size > REMEMBERED_MAX)
      for (const oldest of this.#firsts) return this.#firsts.delete(oldest)
    return true
  }
}

/** What repeats answers does so within moments or minutes; this is that long at the busiest, in a few kilobytes a tag. */
const REMEMBERED_MAX = 64
