import { emptyAfter, fitting, type RateLimit, waitMs } from './rate-limit.ts'

/**
 * How much everybody used of one limit, in bounded memory that several threads may share:
 *
 *     names ──hash──▶ home ─┬─▶ slot: who (fingerprint), emptyMs (rate-limit.ts)
 *                           ├─▶ slot      of the few slots after its home a name has
 *                           └─▶ …         the one with its fingerprint
 *
 * Nothing is locked: a slot is taken, and its bucket filled, by a compare-and-exchange of one word, tried again when
 * another thread was faster. Each thread remembers where the names it sees are, for a second.
 *
 * A bucket that has run empty is the same as none, so its slot is free to give. Where none of the few is free the emptiest
 * goes: who floods with ever new names drives out such names, each worth one request, and not those who are near their
 * limit; nobody gains more than he would by another new name. Requests of other threads that meet a slot at the moment it
 * changes its owner may count for the wrong one: at most one each.
 */
export class RateTable {
  #limit: RateLimit
  readonly #seeds: Int32Array
  /** Two words a slot: the fingerprint of who has it; 0, 0: nobody. */
  readonly #halves: Int32Array
  readonly #owners: BigInt64Array
  /** The bits of a double each: `emptyMs`. */
  readonly #levels: BigInt64Array
  /** The same memory, for as long as nobody else has it: a third of what the exchange of words costs. */
  readonly #doubles: Float64Array
  readonly #spent: Int32Array
  #isShared: boolean
  #countsSpent = false
  /** Slots that this thread gave away so far. */
  #claims = 0
  readonly #capacity: number
  readonly #known = new Map<string, RatePlace>()

  /**
   * `memory`: of newRateMemory, the same for all threads; all give the same time. `isShared` false: nobody else has it,
   * until `share` is called.
   */
  constructor(limit: RateLimit, memory: SharedArrayBuffer, isShared = true) {
    const words = rateWords(memory)
    this.#limit = limit
    this.#capacity = words.capacity
    this.#seeds = words.seeds
    this.#halves = words.halves
    this.#owners = words.owners
    this.#levels = words.levels
    this.#doubles = new Float64Array(memory, words.levels.byteOffset, words.capacity)
    this.#spent = words.spent
    this.#isShared = isShared
  }

  get limit(): RateLimit {
    return this.#limit
  }

  /** Before another thread gets the memory. */
  share(): void {
    this.#isShared = true
  }

  /** Of this thread alone; what was used until now still counts. */
  setLimit(limit: RateLimit): void {
    this.#limit = limit
  }

  /** Of this thread alone: whether what passes is counted for RateSpending. */
  countSpent(on: boolean): void {
    this.#countsSpent = on
  }

  /** How many of `wanted` may pass now; they are used. No allocation for a name that is known. */
  take(name: string, wanted: number, nowMs: number): number {
    return this.takeAt(this.#known.get(name) ?? this.#remember(name), wanted, nowMs)
  }

  /** The same for who remembers the place of the name: no look-up. */
  takeAt(place: RatePlace, wanted: number, nowMs: number): number {
    const slot = nowMs < place.untilMs && this.#isStill(place) ? place.slot : this.#seek(place, nowMs)
    if (!this.#isShared) return this.#takeAlone(slot, wanted, nowMs)
    // Another thread's success is what makes a try fail, so somebody always gets on.
    for (let tries = 0; tries < TRIES_MAX; tries += 1) {
      const before = Atomics.load(this.#levels, slot)
      const emptyMs = doubleOf(before)
      const taken = fitting(this.#limit, emptyMs, wanted, nowMs)
      if (taken === 0) return 0
      const after = bitsOf(emptyAfter(this.#limit, emptyMs, taken, nowMs))
      if (Atomics.compareExchange(this.#levels, slot, before, after) !== before) continue
      if (this.#countsSpent) Atomics.add(this.#spent, slot, taken)
      return taken
    }
    return 0
  }

  /**
   * Whether the slot is still the name's. As long as nobody else has the memory and no slot was given away, without a look at
   * it: with a hundred names in turn that fetched a line of memory for each.
   */
  #isStill(place: RatePlace): boolean {
    if (!this.#isShared && place.claims === this.#claims) return true
    if (!this.#isOwner(place.slot, place)) return false
    place.claims = this.#claims
    return true
  }

  #takeAlone(slot: number, wanted: number, nowMs: number): number {
    const emptyMs = this.#doubles[slot] ?? 0
    const taken = fitting(this.#limit, emptyMs, wanted, nowMs)
    if (taken === 0) return 0
    this.#doubles[slot] = emptyAfter(this.#limit, emptyMs, taken, nowMs)
    if (this.#countsSpent) this.#spent[slot] = (this.#spent[slot] ?? 0) + taken
    return taken
  }

  /** What was taken and need not count after all. A name that was driven out meanwhile gets nothing back. */
  giveBack(name: string, count: number): void {
    const slot = this.#find(this.placeOf(name))
    if (slot === undefined) return
    const ms = (count * 1000) / this.#limit.perSecond
    for (let tries = 0; tries < TRIES_MAX; tries += 1) {
      const before = Atomics.load(this.#levels, slot)
      const after = bitsOf(doubleOf(before) - ms)
      if (Atomics.compareExchange(this.#levels, slot, before, after) === before) return
    }
  }

  /** How long until the bucket of the name has run empty: how full it is now; milliseconds. */
  levelMs(name: string, nowMs: number): number {
    const place = this.#known.get(name) ?? this.#remember(name)
    const slot = this.#isOwner(place.slot, place) ? place.slot : this.#find(place)
    if (slot === undefined) return 0
    const emptyMs = this.#isShared ? doubleOf(Atomics.load(this.#levels, slot)) : (this.#doubles[slot] ?? 0)
    return Math.max(0, emptyMs - nowMs)
  }

  /** Until `wanted` may pass if nobody else uses the name; milliseconds. */
  waitMs(name: string, wanted: number, nowMs: number): number {
    const slot = this.#find(this.placeOf(name))
    const emptyMs = slot === undefined ? 0 : doubleOf(Atomics.load(this.#levels, slot))
    return waitMs(this.#limit, emptyMs, wanted, nowMs)
  }

  #seek(place: RatePlace, nowMs: number): number {
    place.slot = this.#find(place) ?? this.#claim(place, nowMs)
    place.claims = this.#claims
    // Whole milliseconds: a fraction would be a number of its own in memory, which every take has to fetch.
    place.untilMs = Math.floor(nowMs) + KNOWN_MS
    return place.slot
  }

  #remember(name: string): RatePlace {
    if (this.#known.size >= KNOWN_MAX) this.#known.clear()
    const place = this.placeOf(name)
    this.#known.set(name, place)
    return place
  }

  #isOwner(slot: number, { low, high }: RatePlace): boolean {
    if (!this.#isShared) return this.#halves[slot * 2] === low && this.#halves[slot * 2 + 1] === high
    return Atomics.load(this.#halves, slot * 2) === low && Atomics.load(this.#halves, slot * 2 + 1) === high
  }

  /** Of this table alone. It is looked for when something is taken. */
  placeOf(name: string): RatePlace {
    const low = hashOf(name, this.#seeds[0] ?? 0)
    // Never 0, 0: that is nobody.
    const high = hashOf(name, this.#seeds[1] ?? 0) || 1
    return { slot: 0, low, high, home: (low >>> 0) % this.#capacity, untilMs: -1, claims: -1 }
  }

  #find(place: RatePlace): number | undefined {
    for (let i = 0; i < LOOKED_AT; i += 1) {
      const slot = (place.home + i) % this.#capacity
      if (this.#isOwner(slot, place)) return slot
    }
    return undefined
  }

  #claim(place: RatePlace, nowMs: number): number {
    this.#claims += 1
    const owner = (BigInt(place.high) << 32n) | BigInt(place.low >>> 0)
    for (let tries = 0; tries < LOOKED_AT; tries += 1) {
      const slot = this.#emptiest(place.home, nowMs)
      const before = Atomics.load(this.#owners, slot)
      const level = Atomics.load(this.#levels, slot)
      if (Atomics.compareExchange(this.#owners, slot, before, owner) === before) {
        Atomics.store(this.#spent, slot, 0)
        // Only what was there before: another thread may have found the name here already.
        if (doubleOf(level) > nowMs) Atomics.compareExchange(this.#levels, slot, level, 0n)
        return this.#unite(place, owner, slot)
      }
      const found = this.#find(place)
      if (found !== undefined) return found
    }
    // Others are that busy here: the name counts together with whoever has the slot.
    return place.home
  }

  /** Two threads may have claimed for one name at once: the first slot stays, with what was used of the others. */
  #unite(place: RatePlace, owner: bigint, claimed: number): number {
    const kept = this.#find(place)
    if (kept === undefined) return claimed
    for (let i = 0; i < LOOKED_AT; i += 1) {
      const slot = (place.home + i) % this.#capacity
      if (slot === kept || !this.#isOwner(slot, place)) continue
      if (Atomics.compareExchange(this.#owners, slot, owner, NOBODY) === owner)
        this.#raise(kept, doubleOf(Atomics.load(this.#levels, slot)))
    }
    return kept
  }

  #raise(slot: number, emptyMs: number): void {
    for (let tries = 0; tries < TRIES_MAX; tries += 1) {
      const before = Atomics.load(this.#levels, slot)
      if (doubleOf(before) >= emptyMs) return
      if (Atomics.compareExchange(this.#levels, slot, before, bitsOf(emptyMs)) === before) return
    }
  }

  #emptiest(home: number, nowMs: number): number {
    let best = home
    let lowestMs = Number.POSITIVE_INFINITY
    for (let i = 0; i < LOOKED_AT && lowestMs > nowMs; i += 1) {
      const slot = (home + i) % this.#capacity
      const emptyMs = doubleOf(Atomics.load(this.#levels, slot))
      if (emptyMs >= lowestMs) continue
      best = slot
      lowestMs = emptyMs
    }
    return best
  }
}

/** Where a name is, as this thread saw it last. */
export interface RatePlace {
  slot: number
  readonly low: number
  readonly high: number
  readonly home: number
  /** Looked up anew from then on: should a name ever have two slots, all threads agree on the first again. */
  untilMs: number
  /** As many slots were given away when it was looked up. */
  claims: number
}

/**
 * For `capacity` names that are told apart at the same time. `seeds`: random, so that nobody can make up names that share
 * a slot with somebody else's.
 */
export function newRateMemory(
  capacity: number,
  seeds: readonly [number, number] = [0, 1],
): SharedArrayBuffer {
  const memory = new SharedArrayBuffer(HEADER_BYTES + capacity * SLOT_BYTES)
  new Int32Array(memory, 0, 2).set(seeds)
  return memory
}

/** What stands where in a table's memory. */
export interface RateWords {
  readonly capacity: number
  readonly seeds: Int32Array
  /** Two words a slot: the fingerprint of who has it, low and high; 0, 0: nobody. */
  readonly halves: Int32Array
  readonly owners: BigInt64Array
  /** The bits of a double each: `emptyMs`. */
  readonly levels: BigInt64Array
  /** What passed since it was last asked for (rate-spending.ts): up to 2³², to be read with `>>> 0`. */
  readonly spent: Int32Array
}

export function rateWords(memory: SharedArrayBuffer): RateWords {
  const capacity = (memory.byteLength - HEADER_BYTES) / SLOT_BYTES
  const levelsAt = HEADER_BYTES + capacity * WORD_BYTES
  return {
    capacity,
    seeds: new Int32Array(memory, 0, 2),
    halves: new Int32Array(memory, HEADER_BYTES, capacity * 2),
    owners: new BigInt64Array(memory, HEADER_BYTES, capacity),
    levels: new BigInt64Array(memory, levelsAt, capacity),
    spent: new Int32Array(memory, levelsAt + capacity * WORD_BYTES, capacity),
  }
}

/** int32. FNV-1a with the finish of MurmurHash3, which spreads addresses that differ in one digit. */
function hashOf(name: string, seed: number): number {
  let hash = seed ^ 0x811c_9dc5
  for (let i = 0; i < name.length; i += 1) hash = Math.imul(hash ^ name.charCodeAt(i), 0x0100_0193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35)
  return hash ^ (hash >>> 16)
}

export function doubleOf(bits: bigint): number {
  BITS[0] = bits
  return DOUBLE[0] ?? 0
}

export function bitsOf(value: number): bigint {
  DOUBLE[0] = value
  return BITS[0] ?? 0n
}

/** One word seen both ways; of this thread alone. */
const DOUBLE = new Float64Array(1)
const BITS = new BigInt64Array(DOUBLE.buffer)

const NOBODY = 0n
/** The seeds. */
const HEADER_BYTES = 8
const WORD_BYTES = 8
const SLOT_BYTES = 2 * WORD_BYTES + Int32Array.BYTES_PER_ELEMENT
/** Slots that a name may have: enough to pass by the few that are near their limit, few enough to cost nothing. */
const LOOKED_AT = 8
/** Far more than threads can be in the way of each other; then the request counts as refused. */
const TRIES_MAX = 1000
/** A second costs nothing, and is how long two threads may disagree. */
const KNOWN_MS = 1000
/** Names that a thread remembers, 1 MB; who is beyond is looked up by a hash each time. */
const KNOWN_MAX = 8192
