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
  /**
   * Look-ups of each id under way, counted; gone once the key is forgotten: an answer from before may be older than what it
   * was forgotten for. No more than look-ups at once.
   */
  readonly #looks = new Map<string, { count: number }>()

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
    const mine = this.#looks.get(id) ?? { count: 0 }
    mine.count += 1
    this.#looks.set(id, mine)
    try {
      const key = await look(() => this.#keys.find(id))
      const isCurrent = this.#looks.get(id) === mine
      if (isCurrent && !(key !== undefined && isRight(key))) this.#remember(id, key)
      return key
    } finally {
      mine.count -= 1
      if (mine.count === 0 && this.#looks.get(id) === mine) this.#looks.delete(id)
    }
  }

  /** undefined: all of them. */
  forget(keyId: string | undefined): void {
    for (const known of [this.#answers, this.#looks])
      if (keyId === undefined) known.clear()
      else known.delete(keyId)
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
