import { IdgenError, type Quota } from '../core/errors.ts'
import { fitting, type RateLimit } from '../core/rate-limit.ts'
import { RateSpending } from '../core/rate-spending.ts'
import { newRateMemory, type RatePlace, RateTable } from '../core/rate-table.ts'
import type { Clock } from '../ports/clock.ts'

/** Requests a second, 0 for no limit. */
export interface RateSettings {
  readonly perAddress: number
  readonly perKey: number
  readonly perTag: number
  /** As many at once as may come in this time; milliseconds. Not of wrong keys. */
  readonly burst: number
  /** Wrong API keys a minute that one address may send. */
  readonly wrongKeys: number
  /** Whether answers that are not refused say what is left (RateLimit headers over HTTP); left out: they do not. */
  readonly headers?: boolean
  /** Whether what passes is counted for other processes (shared-rates.ts); left out: it is not. */
  readonly shared?: boolean
}

/** A caller, and where in the tables its requests are counted. */
export interface CallerPlaces {
  readonly address: string
  readonly keyId: string
  readonly byAddress: RatePlace
  readonly byKey: RatePlace
}

export const LIMITED_KINDS = ['address', 'key', 'tag', 'wrong-key'] as const
export type LimitedKind = (typeof LIMITED_KINDS)[number]

/** Counts of requests that were refused, of each kind. */
export function noRefusals(): Record<LimitedKind, number> {
  return { address: 0, key: 0, tag: 0, 'wrong-key': 0 }
}

/** Those that processes hold together. Wrong keys are looked up by each process for itself. */
export const SHARED_KINDS = ['address', 'key', 'tag'] as const
export type SharedKind = (typeof SHARED_KINDS)[number]

/** What was used of each limit: memory that all threads of a process count in. */
export type RateTables = Readonly<Record<LimitedKind, SharedArrayBuffer>>

/**
 * `fill`: with eight bytes that nobody outside knows, so that nobody can make up names that are counted as somebody else's.
 * Processes that fill in the same know a name by the same fingerprint.
 */
export function newRateTables(fill?: (seeds: Uint8Array, kind: LimitedKind) => void): RateTables {
  const memory = (kind: LimitedKind, names: number): SharedArrayBuffer => {
    const seeds = new Int32Array(2)
    fill?.(new Uint8Array(seeds.buffer), kind)
    return newRateMemory(names, [seeds[0] ?? 0, seeds[1] ?? 0])
  }
  return {
    address: memory('address', NAMES_MAX),
    key: memory('key', NAMES_MAX),
    tag: memory('tag', NAMES_MAX),
    'wrong-key': memory('wrong-key', GUESSERS_MAX),
  }
}

/**
 * Who may ask how often: the one place that every protocol asks, once a request, in this order:
 *
 *     address ──▶ (API key is checked) ──▶ key ──▶ (may it use the tag?) ──▶ tag
 *
 * The address counts before the key is looked up, or guessing keys would cost the database as much as one likes; the tag
 * after the caller's right to it, or strangers could use up what its owners may ask. What a later limit refuses has
 * counted for those before it. No promise and, for who is known, no allocation. Those of several threads over the same
 * `tables` count together.
 */
export class RateLimits {
  readonly #clock: Clock
  readonly #limits: Readonly<Record<LimitedKind, Limit>>
  #settings: RateSettings
  readonly #tables: RateTables
  /** Refused requests since the start; those of protocol threads are added by the main thread. */
  readonly refused: Record<LimitedKind, number>

  constructor(clock: Clock, settings: RateSettings, tables = newRateTables(), refused = noRefusals()) {
    this.#clock = clock
    this.#limits = {
      address: new Limit('address', tables),
      key: new Limit('key', tables),
      tag: new Limit('tag', tables),
      'wrong-key': new Limit('wrong-key', tables),
    }
    this.#tables = tables
    this.#settings = settings
    this.refused = refused
    this.configure(settings)
  }

  /** For other threads: from now on all that have these tables count together. */
  share(): RateTables {
    for (const { table } of Object.values(this.#limits)) table.share()
    return this.#tables
  }

  /** As configured last; another object after each change. */
  get settings(): RateSettings {
    return this.#settings
  }

  /** Live configuration: counts from the next request on; what was used until now still counts. */
  configure(settings: RateSettings): void {
    const { perAddress, perKey, perTag, burst, wrongKeys, shared = false } = settings
    this.#settings = settings
    for (const kind of SHARED_KINDS) this.#limits[kind].table.countSpent(shared)
    this.#limits.address.set(perAddress, burst)
    this.#limits.key.set(perKey, burst)
    this.#limits.tag.set(perTag, burst)
    // What may come in a minute may come at once: a fleet that starts has its keys looked up together.
    this.#limits['wrong-key'].set(wrongKeys / MINUTE_S, MINUTE_S * 1000)
  }

  /** One more request from this client (client-addresses.ts). @throws IDGEN_RATE_LIMITED */
  admitAddress(address: string): void {
    this.#admitOne(this.#limits.address, address)
  }

  /** Whether `admitAddress` would let one in now. Counts nothing. */
  mayAsk(address: string): boolean {
    return this.#limits.address.waitMs(address, this.#clock.monotonicMs()) === 0
  }

  /** The same request once its API key was checked. @throws IDGEN_RATE_LIMITED */
  admitKey(keyId: string): void {
    this.#admitOne(this.#limits.key, keyId)
  }

  /** The same request, for IDs of a tag that the caller may use. @throws IDGEN_RATE_LIMITED */
  admitTag(path: string): void {
    this.#admitOne(this.#limits.tag, path)
  }

  /**
   * A key of this client that nobody knows yet is to be looked up: counts as wrong until `endSignIn` says that it was not.
   * @throws IDGEN_RATE_LIMITED
   */
  beginSignIn(client: string): void {
    this.#admitOne(this.#limits['wrong-key'], client)
  }

  endSignIn(client: string): void {
    const { on, table } = this.#limits['wrong-key']
    if (on) table.giveBack(client, 1)
  }

  /** All three, for who knows that the key may use the tag. undefined: go on; otherwise the refusal. */
  admit(address: string, keyId: string, path: string): IdgenError | undefined {
    const nowMs = this.now()
    if (this.admitCaller(address, keyId, 1, nowMs) === 1 && this.admitForTag(path, 1, nowMs) === 1)
      return undefined
    return this.refusal(address, keyId, path, nowMs)
  }

  /** For the following two, from who asks for many in one turn of the event loop: one look at the clock serves all. */
  now(): number {
    const { address, key, tag } = this.#limits
    return address.on || key.on || tag.on ? this.#clock.monotonicMs() : 0
  }

  /**
   * How many of `wanted` requests of one caller that came together may pass by address and key: the first ones. Of the
   * rest `refusal` says why.
   */
  admitCaller(address: string, keyId: string, wanted: number, nowMs: number): number {
    const { address: ofAddress, key } = this.#limits
    const admitted = this.#take(ofAddress, address, wanted, nowMs)
    return this.#take(key, keyId, admitted, nowMs)
  }

  /** Where `admitAtPlaces` counts requests of this caller. */
  placesOf(address: string, keyId: string): CallerPlaces {
    const { address: ofAddress, key } = this.#limits
    return { address, keyId, byAddress: ofAddress.table.placeOf(address), byKey: key.table.placeOf(keyId) }
  }

  /** As admitCaller, for a caller who asks again and again: no look-up. */
  admitAtPlaces({ byAddress, byKey }: CallerPlaces, wanted: number, nowMs: number): number {
    const { address, key } = this.#limits
    return this.#takeAt(key, byKey, this.#takeAt(address, byAddress, wanted, nowMs), nowMs)
  }

  /** The same of `wanted` requests for one tag. */
  admitForTag(path: string, wanted: number, nowMs: number): number {
    return this.#take(this.#limits.tag, path, wanted, nowMs)
  }

  /** Where `admitAtPlace` counts requests for a tag. */
  placeOfTag(path: string): RatePlace {
    return this.#limits.tag.table.placeOf(path)
  }

  /** As admitForTag, for who asks for one tag again and again: no look-up. */
  admitAtPlace(place: RatePlace, wanted: number, nowMs: number): number {
    return this.#takeAt(this.#limits.tag, place, wanted, nowMs)
  }

  /**
   * Of the limit that was used up at `nowMs`, when it refused: a moment later it may not be, and another one would be
   * named. The first, where several are. Counts nothing.
   */
  refusal(address: string, keyId: string, path: string, nowMs: number): IdgenError {
    const { address: ofAddress, key, tag } = this.#limits
    if (ofAddress.waitMs(address, nowMs) > 0) return ofAddress.refusal(address, nowMs)
    if (key.waitMs(keyId, nowMs) > 0) return key.refusal(keyId, nowMs)
    return tag.refusal(path, nowMs)
  }

  /** undefined: nothing is limited by it. */
  limitOf(kind: LimitedKind): RateLimit | undefined {
    const { on, table } = this.#limits[kind]
    return on ? table.limit : undefined
  }

  /** What passes from now on, in all threads; for one reader. */
  spendingOf(kind: SharedKind): RateSpending {
    return new RateSpending(this.#tables[kind], this.#clock.monotonicMs())
  }

  /** undefined: nothing is limited by it. */
  quotaOf(kind: LimitedKind): Quota | undefined {
    const limit = this.#limits[kind]
    return limit.on ? limit.quota : undefined
  }

  /** How many requests of this name would pass now, and how long until as many would as ever can. Counts nothing. */
  leftOf(
    kind: LimitedKind,
    name: string,
    nowMs: number,
  ): { readonly left: number; readonly wholeInMs: number } {
    const { table } = this.#limits[kind]
    const wholeInMs = table.levelMs(name, nowMs)
    return { left: fitting(table.limit, wholeInMs, Number.POSITIVE_INFINITY, 0), wholeInMs }
  }

  #admitOne(limit: Limit, name: string): void {
    if (!limit.on) return
    const nowMs = this.#clock.monotonicMs()
    if (this.#take(limit, name, 1, nowMs) === 0) throw limit.refusal(name, nowMs)
  }

  #take(limit: Limit, name: string, wanted: number, nowMs: number): number {
    if (!limit.on || wanted === 0) return wanted
    return this.#counted(limit, wanted, limit.table.take(name, wanted, nowMs))
  }

  #takeAt(limit: Limit, place: RatePlace, wanted: number, nowMs: number): number {
    if (!limit.on || wanted === 0) return wanted
    return this.#counted(limit, wanted, limit.table.takeAt(place, wanted, nowMs))
  }

  #counted(limit: Limit, wanted: number, taken: number): number {
    if (taken < wanted) this.refused[limit.kind] += wanted - taken
    return taken
  }
}

/** One of them, with everybody it applies to. */
class Limit {
  readonly kind: LimitedKind
  readonly table: RateTable
  on = false
  quota: Quota

  constructor(kind: LimitedKind, tables: RateTables) {
    this.kind = kind
    this.quota = { name: kind, requests: UNLIMITED.perSecond, windowS: 1 }
    this.table = new RateTable(UNLIMITED, tables[kind], false)
  }

  set(perSecond: number, burstMs: number): void {
    this.on = perSecond > 0
    const windowS = Math.ceil(burstMs / 1000)
    this.quota = { name: this.kind, requests: Math.round(perSecond * windowS), windowS }
    if (this.on) this.table.setLimit({ perSecond, burst: Math.max(1, (perSecond * burstMs) / 1000) })
  }

  waitMs(name: string, nowMs: number): number {
    return this.on ? this.table.waitMs(name, 1, nowMs) : 0
  }

  refusal(name: string, nowMs: number): IdgenError {
    const retryAfterMs = Math.ceil(this.waitMs(name, nowMs))
    const { quota } = this
    return new IdgenError('IDGEN_RATE_LIMITED', this.#message(name, retryAfterMs), { retryAfterMs, quota })
  }

  #message(name: string, retryAfterMs: number): string {
    const { kind } = this
    const { perSecond } = this.table.limit
    if (kind === 'wrong-key')
      return `The client ${name} sent more than ${Math.round(perSecond * MINUTE_S)} wrong API keys a minute, which is what it may here (limits.wrongKeys); keys that are known here go on, and another one is looked at in ${retryAfterMs} ms.`
    return `${WHOSE[kind]} ${name} sent more than ${perSecond} requests a second, which is what it may here (${KEYS[kind]}); send this one again in ${retryAfterMs} ms, or ask for more IDs at once.`
  }
}

const WHOSE = { address: 'The client', key: 'The API key', tag: 'The callers of the tag' } as const
const KEYS = { address: 'limits.perAddress', key: 'limits.perKey', tag: 'limits.perTag' } as const
/** Never used to count: tables are asked only while their limit is on. */
const UNLIMITED: RateLimit = { perSecond: 1, burst: 1 }
/**
 * Names told apart per limit, 1 MB. A name is of no more interest a burst after its last request, a second by
 * default, so it takes more than so many new clients within a second before one is forgotten too early; RateTable says
 * what happens then.
 */
const NAMES_MAX = 65_536
/** Clients that sent wrong keys within a minute, 256 KB. */
const GUESSERS_MAX = 16_384
const MINUTE_S = 60
