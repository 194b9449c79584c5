import { IdgenError } from '../core/errors.ts'
import type { Clock } from '../ports/clock.ts'
import { withinDeadline } from './deadline.ts'

interface Answer {
  readonly storeMs: number
  /** Monotonic time of this machine at which the answer was here. */
  readonly atMs: number
}

/**
 * The smallest time of the stores that tell theirs within a second, in whole Unix milliseconds. What passed since an
 * answer came is added: waiting for the other store must not make this machine's clock look ahead.
 * @throws IDGEN_STORE_UNAVAILABLE when none answers
 */
export async function earliestTime(
  clock: Clock,
  stores: readonly (() => Promise<number>)[],
): Promise<number> {
  const faults: unknown[] = []
  const ask = async (store: () => Promise<number>): Promise<Answer | undefined> => {
    try {
      const storeMs = await withinDeadline(clock, ANSWER_MS, 'its time', store())
      return { storeMs, atMs: clock.monotonicMs() }
    } catch (thrown) {
      faults.push(thrown)
      return undefined
    }
  }
  const answers = (await Promise.all(stores.map(ask))).filter((answer) => answer !== undefined)
  if (answers.length === 0)
    throw new IdgenError('IDGEN_STORE_UNAVAILABLE', 'No store tells its time.', { cause: faults[0] })
  const nowMs = clock.monotonicMs()
  return Math.min(...answers.map(({ storeMs, atMs }) => Math.floor(storeMs + (nowMs - atMs))))
}

/** Half of what the keeper takes for an answer that says something of now. */
const ANSWER_MS = 1000
