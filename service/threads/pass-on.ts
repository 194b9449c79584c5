import { IdgenError } from '../core/errors.ts'
import type { FromThread, ToThread } from './thread-messages.ts'

/**
 * What a listener does not answer by itself goes to the main thread, whole, and comes back as its answer. Both are plain
 * data, of which only the two ends of a protocol know more.
 */
export class PassOn {
  readonly #post: (message: Extract<FromThread, { kind: 'passed' }>) => void
  readonly #waiting = new Map<number, Waiting>()
  /** How many wait, by protocol. */
  readonly #counts = new Map<string, number>()
  #asked = 0

  constructor(post: (message: Extract<FromThread, { kind: 'passed' }>) => void) {
    this.#post = post
  }

  /** `name`: of the protocol. The main thread always answers; who no longer waits lets the answer go. @throws IDGEN_OVERLOADED */
  ask(name: string, question: unknown): Promise<unknown> {
    const waiting = this.#counts.get(name) ?? 0
    if (waiting >= PASSED_MAX)
      throw new IdgenError(
        'IDGEN_OVERLOADED',
        `${PASSED_MAX} requests of this thread wait for the main thread already; try again.`,
        { retryAfterMs: 1000 },
      )
    this.#asked += 1
    const number = this.#asked
    const { promise, resolve } = Promise.withResolvers<unknown>()
    this.#waiting.set(number, { name, resolve })
    this.#counts.set(name, waiting + 1)
    this.#post({ kind: 'passed', number, name, question })
    return promise
  }

  receive({ number, answer }: Extract<ToThread, { kind: 'answered' }>): void {
    const waiting = this.#waiting.get(number)
    if (waiting === undefined) return
    this.#waiting.delete(number)
    this.#counts.set(waiting.name, (this.#counts.get(waiting.name) ?? 0) - 1)
    waiting.resolve(answer)
  }
}

interface Waiting {
  readonly name: string
  readonly resolve: (answer: unknown) => void
}

/**
 * Of one thread and protocol at once: management that waits for a database must not keep a thread from asking whether
 * this process is ready. Management comes by the tens; this many bodies of server.bodyLimit (1 MB) are what a thread may
 * hold at worst.
 */
const PASSED_MAX = 100
