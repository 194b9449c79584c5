import { IdgenError } from '../../../service/core/errors.ts'
import { type Clock, sleep } from '../../../service/ports/clock.ts'
import type { Prng } from '../world/prng.ts'
import type { Tally } from '../world/tally.ts'

export interface SlowCommitOptions {
  readonly clock: Clock
  readonly random: Prng
  readonly tally: Tally
}

/**
 * A transaction that takes its time. Of some the caller has no answer: they were carried out, or not, and what it is told is the
 * same.
 */
export async function slowCommit<T>(
  { clock, random, tally }: SlowCommitOptions,
  what: string,
  commit: () => Promise<T>,
): Promise<T> {
  await sleep(clock, random.wait(TAKES_MS), NEVER)
  if (random.chance(ROLLED_BACK)) {
    tally.add(`no answer: ${what}, rolled back`)
    throw unknown()
  }
  const answer = await commit()
  // Others see it by now; who asked does not know yet.
  await sleep(clock, random.wait(ANSWERS_MS), NEVER)
  if (!random.chance(LOST)) return answer
  tally.add(`no answer: ${what}, committed`)
  throw unknown()
}

function unknown(): IdgenError {
  return new IdgenError('IDGEN_STORE_UNAVAILABLE', 'It is unknown whether the database kept it.')
}

const ROLLED_BACK = 0.1
const LOST = 0.2
/** Long enough for others to look at the names meanwhile. */
const TAKES_MS = 600
const ANSWERS_MS = 300
const NEVER = new AbortController().signal
