import { IdgenError } from '../core/errors.ts'
import type { Clock } from '../ports/clock.ts'

/**
 * What `work` brings, or an error when it takes longer than `ms`. The work itself goes on and is not cancelled: a
 * store drops its own connection at its own deadline, which is longer than a caller should wait.
 * @throws IDGEN_STORE_UNAVAILABLE naming what was waited for
 */
export async function withinDeadline<T>(
  clock: Clock,
  ms: number,
  waitedFor: string,
  work: Promise<T>,
): Promise<T> {
  const late = Promise.withResolvers<never>()
  using _timer = clock.after(ms, () =>
    late.reject(
      new IdgenError(
        'IDGEN_STORE_UNAVAILABLE',
        `The database did not answer within ${ms} ms for ${waitedFor}.`,
        {
          retryAfterMs: 1000,
        },
      ),
    ),
  )
  return await Promise.race([work, late.promise])
}

/** A look at one row by its key: longer than this is an outage, and the caller has something better to do. */
export const LOOK_UP_DEADLINE_MS = 1500

/**
 * Look-ups of one kind under way at once. Invented keys and names cost a query each; more than this would queue for
 * the connections that allocations need, and degrade tags for everybody.
 */
export const LOOK_UPS_MAX = 16

export function tooManyLookUps(count: number, what: string): IdgenError {
  return new IdgenError('IDGEN_OVERLOADED', `${count} ${what} are being looked up already; try again.`, {
    retryAfterMs: 1000,
  })
}
