import { IdgenError } from '../core/errors.ts'
import type { FromThread, ToThread } from './thread-messages.ts'

/** Why a question is not passed on: too many of its protocol wait, or of its client. */
export type PassRefusal = 'full' | 'address'

/**
 * What a listener does not answer by itself goes to the main thread, whole, and comes back as its answer. Both are plain
 * data, of which only the two ends of a protocol know more.
 */
export class PassOn {
  readonly #post: (message: Extract<FromThread, { kind: 'passed' }>) => void
  readonly #onRefusal: (why: PassRefusal) => void
  readonly #waiting = new Map<number, Waiting>()
  /** How many wait, by protocol, and by protocol and client; no name whose count is 0. */
  readonly #counts = new Map<string, number>()
  #asked = 0

  constructor(
    post: (message: Extract<FromThread, { kind: 'passed' }>) => void,
    onRefusal: (why: PassRefusal) => void = () => undefined,
  ) {
    this.#post = post
    this.#onRefusal = onRefusal
  }

  /**
   * `name`: of the protocol. `client`: who asks, by address; left out: this thread itself. The main thread always answers;
   * who no longer waits lets the answer go. @throws IDGEN_OVERLOADED
   */
  ask(name: string, question: unknown, client?: string): Promise<unknown> {
    if (this.#countOf(name) >= PASSED_MAX)
      throw this.#refusal('full', `${PASSED_MAX} requests of this thread wait for the main thread already`)
    const share = client === undefined ? undefined : `${name} ${client}`
    if (share !== undefined && this.#countOf(share) >= PASSED_BY_ADDRESS_MAX)
      throw this.#refusal(
        'address',
        `${PASSED_BY_ADDRESS_MAX} requests of ${client} wait for the main thread already, as many as one client may have there`,
      )
    this.#asked += 1
    const number = this.#asked
    const { promise, resolve } = Promise.withResolvers<unknown>()
    const counted = share === undefined ? [name] : [name, share]
    this.#waiting.set(number, { counted, resolve })
    for (const one of counted) this.#counts.set(one, this.#countOf(one) + 1)
    this.#post({ kind: 'passed', number, name, question })
    return promise
  }

  receive({ number, answer }: Extract<ToThread, { kind: 'answered' }>): void {
    const waiting = this.#waiting.get(number)
    if (waiting === undefined) return
    this.#waiting.delete(number)
    for (const one of waiting.counted) {
      const left = this.#countOf(one) - 1
      if (left > 0) this.#counts.set(one, left)
      else this.#counts.delete(one)
    }
    waiting.resolve(answer)
  }

  #countOf(name: string): number {
    return this.#counts.get(name) ?? 0
  }

  #refusal(why: PassRefusal, text: string): IdgenError {
    this.#onRefusal(why)
    return new IdgenError('IDGEN_OVERLOADED', `${text}; try again.`, { retryAfterMs: 1000 })
  }
}

interface Waiting {
  /** The names that it counts under. */
  readonly counted: readonly string[]
  readonly resolve: (answer: unknown) => void
}

/**
 * Of one thread and protocol at once: management that waits for a database must not keep a thread from asking whether
 * this process is ready. Management comes by the tens; this many bodies of server.bodyLimit (1 MB) are what a thread may
 * hold at worst.
 */
const PASSED_MAX = 100
/**
 * Of one client among them: whoever sends as fast as the limits let him leaves three quarters to others, and a program that
 * manages in parallel, which keeps some ten requests under way, is not refused.
 */
const PASSED_BY_ADDRESS_MAX = PASSED_MAX / 4
