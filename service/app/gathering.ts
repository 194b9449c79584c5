import { IdgenError } from '../core/errors.ts'
import { invariant } from '../core/invariant.ts'
import type { RowResult } from '../core/row-result.ts'

/** Answers many questions with one call. Each has its answer, in their order; what is thrown is the answer to all of them. */
export type AskTogether<Q, A> = (questions: readonly Q[]) => Promise<readonly RowResult<A>[]>

interface Asked<Q, A> {
  readonly question: Q
  readonly answer: (result: RowResult<A>) => void
}

/**
 * Rows that take the same steps side by side, each as if it were alone. What they ask is gathered until every row waits for an
 * answer, and then asked together:
 *
 *     row 1   asks ─────┐            ┌──▶ goes on
 *     row 2   … asks ───┼─▶ one call ┼──▶ goes on
 *     row 3   has ended ┘            ┘
 *
 * So a batch takes about as many calls as one row has steps, and the order of the steps of a row is that of its own code. A
 * row that waits for something else holds up the others; no row may wait for another one.
 *
 * Rows: as many as a batch has; whoever calls bounds them.
 */
export class Gathering {
  #rows = 0
  #waiting = 0
  readonly #desks = new Set<() => void>()

  /** Each row has its result. */
  async run<P, T>(rows: readonly P[], work: (row: P) => Promise<T>): Promise<readonly RowResult<T>[]> {
    // All of them before the first one begins, which would be asked for alone else.
    this.#rows += rows.length
    return await Promise.all(rows.map((row) => this.#settled(() => work(row))))
  }

  /** A way to ask, of which each row has at most one question open at a time. */
  desk<Q, A>(askTogether: AskTogether<Q, A>): (question: Q) => Promise<A> {
    let asked: Asked<Q, A>[] = []
    this.#desks.add(() => {
      const now = asked
      asked = []
      if (now.length > 0) void answerAll(now, askTogether)
    })
    return async (question) => {
      const answered = new Promise<RowResult<A>>((answer) => asked.push({ question, answer }))
      this.#waiting += 1
      this.#goOn()
      const result = await answered
      if ('refused' in result) throw result.refused
      return result.value
    }
  }

  #goOn(): void {
    if (this.#waiting < this.#rows) return
    this.#waiting = 0
    for (const ask of this.#desks) ask()
  }

  async #settled<T>(work: () => Promise<T>): Promise<RowResult<T>> {
    try {
      return { value: await work() }
    } catch (thrown) {
      return { refused: IdgenError.from(thrown) }
    } finally {
      this.#rows -= 1
      this.#goOn()
    }
  }
}

/** Never rejects. */
async function answerAll<Q, A>(asked: readonly Asked<Q, A>[], askTogether: AskTogether<Q, A>): Promise<void> {
  try {
    const results = await askTogether(asked.map(({ question }) => question))
    invariant(results.length === asked.length, 'each question has an answer')
    for (const [at, { answer }] of asked.entries()) {
      const result = results[at]
      if (result !== undefined) answer(result)
    }
  } catch (thrown) {
    const refused = IdgenError.from(thrown)
    for (const { answer } of asked) answer({ refused })
  }
}
