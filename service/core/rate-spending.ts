import { leastOfLargest } from './least-of-largest.ts'
import { bitsOf, doubleOf, type RateWords, rateWords } from './rate-table.ts'

/** What one name of a RateTable used since it was last asked. */
export interface Spent {
  readonly slot: number
  /** The fingerprint: the same in every table with the same seeds. */
  readonly low: number
  readonly high: number
  readonly requests: number
  /** Within so many milliseconds before now, at most. */
  readonly elapsedMs: number
  /** Until its bucket will have run empty, milliseconds: at least what `requests` put into it. */
  readonly levelMs: number
}

/**
 * Reads what passed a table whose threads count it (RateTable.countSpent), and charges names with what was used elsewhere.
 * One for a table, in one thread, while others take from it.
 */
export class RateSpending {
  readonly #words: RateWords
  /** Per slot: since when `spent` counts. Earlier than the truth where the slot changed its owner. */
  readonly #sinceMs: Float64Array
  /** Names that used enough and were more than wanted, of the last `take`. */
  leftOver = 0

  constructor(memory: SharedArrayBuffer, nowMs: number) {
    this.#words = rateWords(memory)
    this.#sinceMs = new Float64Array(this.#words.capacity).fill(nowMs)
  }

  /**
   * Takes out what was used by names that used at least `atLeast`, of more than `most` those that used most. What the others
   * used goes on counting, so that nothing is forgotten. One look at every slot.
   */
  take(nowMs: number, atLeast: number, most: number): Spent[] {
    const { spent, capacity } = this.#words
    const found: number[] = []
    for (let slot = 0; slot < capacity; slot += 1) {
      const requests = (spent[slot] ?? 0) >>> 0
      if (requests === 0) this.#sinceMs[slot] = nowMs
      else if (requests >= atLeast) found.push(slot)
    }
    this.leftOver = Math.max(0, found.length - most)
    return this.#largest(found, most).map((slot) => this.#takeOut(slot, nowMs))
  }

  /** `most` of these slots; no other used more than one of them. */
  #largest(found: readonly number[], most: number): readonly number[] {
    if (found.length <= most) return found
    // Copied: other threads go on counting, and what is looked at twice must be the same.
    const used = new Uint32Array(found.length)
    for (let i = 0; i < used.length; i += 1) used[i] = this.#words.spent[found[i] ?? 0] ?? 0
    const least = leastOfLargest(used, most)
    const above: number[] = []
    const equal: number[] = []
    for (let i = 0; i < used.length; i += 1) {
      const requests = used[i] ?? 0
      if (requests > least) above.push(found[i] ?? 0)
      else if (requests === least && equal.length < most) equal.push(found[i] ?? 0)
    }
    return [...above, ...equal.slice(0, most - above.length)]
  }

  #takeOut(slot: number, nowMs: number): Spent {
    const { halves, levels, spent } = this.#words
    const [low, high] = [Atomics.load(halves, slot * 2), Atomics.load(halves, slot * 2 + 1)]
    // Before the level is read, which then holds all of it: a take raises the level first.
    const requests = Atomics.exchange(spent, slot, 0) >>> 0
    const levelMs = Math.max(0, doubleOf(Atomics.load(levels, slot)) - nowMs)
    const elapsedMs = nowMs - (this.#sinceMs[slot] ?? nowMs)
    this.#sinceMs[slot] = nowMs
    return { slot, low, high, requests, elapsedMs, levelMs }
  }

  /** Fills the bucket by `ms` more, as of the time when it was looked at. Not of a name that was driven out meanwhile. */
  charge({ slot, low, high }: Spent, ms: number, asOfMs: number): void {
    const { halves, levels } = this.#words
    for (let tries = 0; tries < TRIES_MAX; tries += 1) {
      if (Atomics.load(halves, slot * 2) !== low || Atomics.load(halves, slot * 2 + 1) !== high) return
      const before = Atomics.load(levels, slot)
      const after = bitsOf(Math.max(doubleOf(before), asOfMs) + ms)
      if (Atomics.compareExchange(levels, slot, before, after) === before) return
    }
  }
}

/** As for a take: far more than threads can be in the way of each other. Then this once nothing is charged. */
const TRIES_MAX = 1000
