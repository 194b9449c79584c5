import { IdgenError } from '../core/errors.ts'
import type { FromThread, ToThread } from './thread-messages.ts'

/**
 * What a listener does not answer by itself goes to the main thread, whole, and comes back as its answer. Both are plain
 * data, of which only the two ends of a protocol know more.
 */
export class PassOn {
  readonly #post: (message: Extract<FromThread, { kind: 'passed' }>) => void
  readonly #waiting = new Map<number, (answer: unknown) => void>()
  #asked = 0

  constructor(post: (message: Extract<FromThread, { kind: 'passed' }>) => void) {
    this.#post = post
  }

  /** `name`: of the protocol. The main thread always answers; who no longer waits lets the answer go. @throws IDGEN_OVERLOADED */
  ask(name: string, question: unknown): Promise<unknown> {
    if (this.#waiting.size >= PASSED_MAX)
      throw new IdgenError(
        'IDGEN_OVERLOADED',
        `${PASSED_MAX} requests of this thread wait for the main thread already; try again.`,
        { retryAfterMs: 1000 },
      )
    this.#asked += 1
    const number = this.#asked
    const { promise, resolve } = Promise.withResolvers<unknown>()
    this.#waiting.set(number, resolve)
    this.#post({ kind: 'passed', number, name, question })
    return promise
  }

  receive({ number, answer }: Extract<ToThread, { kind: 'answered' }>): void {
    this.#waiting.get(number)?.(answer)
    this.#waiting.delete(number)
  }
}

/**
 * Of one thread at once. Management comes by the tens; this many bodies of server.bodyLimit (1 MB) are what a thread may
 * hold at worst.
 */
const PASSED_MAX = 100
