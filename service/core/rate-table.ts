import { fitting, levelAt, type RateLimit, waitMs } from './rate-limit.ts'

/**
 * How much everybody used of one limit, in bounded memory: a slot for each name, found by one look into a map.
 *
 *     names ──Map──▶ slot:  levels[slot], atMs[slot]
 *                             ▲ hand: looks for a slot to give to a new name once all are taken
 *
 * A bucket that has run empty is the same as none, so its slot is free to give. When all are in use the emptiest of a
 * few goes: who floods with ever new names drives out such names, each worth one request, and not those who are near
 * their limit; nobody gains more than he would by another new name.
 */
export class RateTable {
  #limit: RateLimit
  readonly #capacity: number
  readonly #slots = new Map<string, number>()
  readonly #names: string[] = []
  #levels = new Float64Array(FIRST_CAPACITY)
  #atMs = new Float64Array(FIRST_CAPACITY)
  #hand = 0

  /** `capacity`: names that are told apart at the same time. */
  constructor(limit: RateLimit, capacity: number) {
    this.#limit = limit
    this.#capacity = capacity
  }

  get limit(): RateLimit {
    return this.#limit
  }

  get size(): number {
    return this.#names.length
  }

  /** What was used until now still counts. */
  setLimit(limit: RateLimit): void {
    this.#limit = limit
  }

  /** How many of `wanted` may pass now; they are used. No allocation for a name that is known. */
  take(name: string, wanted: number, nowMs: number): number {
    const slot = this.#slots.get(name) ?? this.#newSlot(name, nowMs)
    const level = this.#levelOf(slot, nowMs)
    const taken = fitting(this.#limit, level, wanted)
    this.#levels[slot] = level + taken
    this.#atMs[slot] = nowMs
    return taken
  }

  /** Until `wanted` may pass if nobody else uses the name; milliseconds. */
  waitMs(name: string, wanted: number, nowMs: number): number {
    const slot = this.#slots.get(name)
    return waitMs(this.#limit, slot === undefined ? 0 : this.#levelOf(slot, nowMs), wanted)
  }

  #levelOf(slot: number, nowMs: number): number {
    return levelAt(this.#limit, this.#levels[slot] ?? 0, nowMs - (this.#atMs[slot] ?? 0))
  }

  #newSlot(name: string, nowMs: number): number {
    const slot = this.#names.length < this.#capacity ? this.#addSlot() : this.#freeSlot(nowMs)
    this.#slots.delete(this.#names[slot] ?? name)
    this.#slots.set(name, slot)
    this.#names[slot] = name
    this.#levels[slot] = 0
    return slot
  }

  #addSlot(): number {
    const slot = this.#names.length
    if (slot === this.#levels.length) {
      this.#levels = doubled(this.#levels)
      this.#atMs = doubled(this.#atMs)
    }
    return slot
  }

  #freeSlot(nowMs: number): number {
    let best = this.#hand
    let lowest = Number.POSITIVE_INFINITY
    for (let looked = 0; looked < LOOKED_AT && lowest > 0; looked += 1) {
      const level = this.#levelOf(this.#hand, nowMs)
      if (level < lowest) {
        best = this.#hand
        lowest = level
      }
      this.#hand = (this.#hand + 1) % this.#capacity
    }
    return best
  }
}

function doubled(values: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> {
  const next = new Float64Array(values.length * 2)
  next.set(values)
  return next
}

/** 16 KB; most installations never need more. */
const FIRST_CAPACITY = 1024
/** Slots looked at for a new name: enough to pass by the few that are near their limit, few enough to cost nothing. */
const LOOKED_AT = 8
