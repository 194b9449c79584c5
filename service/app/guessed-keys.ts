import type { ApiKey, ApiKeyStore } from '../ports/api-key-store.ts'
import type { Clock } from '../ports/clock.ts'

interface Answer {
  readonly key: ApiKey | undefined
  readonly untilMs: number
}

/**
 * Keys by their id, for who has to compare a secret with them: one that was just compared with a wrong secret is not asked
 * of the store again for a moment, so that guessing at one key from many addresses costs the store one look-up a second.
 * A right secret is found to be right all the same: guessing locks nobody out.
 */
export class GuessedKeys {
  readonly #keys: Pick<ApiKeyStore, 'find'>
  readonly #clock: Clock
  readonly #answers = new Map<string, Answer>()
  /** Changes with each key that is forgotten: an answer from before may be older than what it was forgotten for. */
  #epoch = 0

  constructor(keys: Pick<ApiKeyStore, 'find'>, clock: Clock) {
    this.#keys = keys
    this.#clock = clock
  }

  /** `isRight`: whether the secret opens the key that was found. @throws as ApiKeyStore.find */
  async find(
    id: string,
    isRight: (key: ApiKey) => boolean,
    look: <T>(work: () => Promise<T>) => Promise<T>,
  ): Promise<ApiKey | undefined> {
    const known = this.#answers.get(id)
    if (known !== undefined && known.untilMs > this.#clock.nowMs()) return known.key
    const epoch = this.#epoch
    const key = await look(() => this.#keys.find(id))
    if (epoch === this.#epoch && !(key !== undefined && isRight(key))) this.#remember(id, key)
    return key
  }

  /** undefined: all of them. */
  forget(keyId: string | undefined): void {
    this.#epoch += 1
    if (keyId === undefined) this.#answers.clear()
    else this.#answers.delete(keyId)
  }

  #remember(id: string, key: ApiKey | undefined): void {
    this.#answers.delete(id)
    this.#answers.set(id, { key, untilMs: this.#clock.nowMs() + REMEMBER_MS })
    if (this.#answers.size <= ANSWERS_MAX) return
    const oldest = this.#answers.keys().next().value
    if (oldest !== undefined) this.#answers.delete(oldest)
  }
}

/** Far below the 2 s within which a revoked key stops; what changes a key forgets it sooner. */
const REMEMBER_MS = 1000
/** Keys guessed at within a second; 300 KB. */
const ANSWERS_MAX = 1000
