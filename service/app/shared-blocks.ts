import { IdgenError } from '../core/errors.ts'
import type { SegmentGrant } from '../core/grant.ts'
import { invariant } from '../core/invariant.ts'
import { STEP_MAX } from '../core/tag.ts'
import type { BlockList } from '../ports/block-cache.ts'
import type { SegmentStore, SegmentUsage } from '../ports/segment-store.ts'
import { BlockExchange, type BlockExchangeOptions } from './block-exchange.ts'
import { BlockShelf } from './block-shelf.ts'

export interface SharedBlocksOptions extends BlockExchangeOptions {
  /** Whom to ask where the cache has nothing. */
  readonly store: SegmentStore
  /** Segments put aside at a miss, 0..64; 0: the store is asked directly. */
  readonly blocks: number
}

/** A tag whose blocks are to lie ready: `step` is the size of one. */
export interface BlocksOfTag extends BlockList {
  readonly step: number
}

/**
 * Segments that the instances of a data centre share: one allocation takes several steps from the database,
 * keeps the first and puts the rest aside in Redis, where the next allocation of any instance finds it.
 *
 *     database ── [lo ── kept ──)[── block ──)[── block ──)[── block ──) hi
 *                       │              └──────────┴───────────┴─▶ cache, confirmed by etcd (block-exchange.ts)
 *                       ▼
 *                    caller
 *
 * Without etcd or Redis every allocation goes to the database, step by step, as if this class were not there.
 */
export class SharedBlocks implements SegmentStore {
  /** Allocations a block of the cache served, and those that found none and asked the database. */
  hits = 0
  misses = 0
  readonly #options: SharedBlocksOptions
  readonly #exchange: BlockExchange
  /** By `tag/dc/generation`, least recently used first. */
  readonly #shelves = new Map<string, BlockShelf>()
  readonly #puttings = new Set<Promise<void>>()
  #stopped = false

  constructor(options: SharedBlocksOptions) {
    const { blocks } = options
    invariant(Number.isInteger(blocks) && blocks >= 0 && blocks <= BLOCKS_MAX, 'blocks is 0..64')
    this.#options = options
    this.#exchange = new BlockExchange(options)
  }

  /** Blocks taken out of the cache and not used: repeated by it, too low, or etcd did not answer. */
  get dropped(): number {
    return this.#exchange.dropped
  }

  /** Blocks meant for the cache that did not get there. */
  get burnt(): number {
    return this.#exchange.burnt
  }

  initialise(tagId: number, dc: number): Promise<void> {
    return this.#options.store.initialise(tagId, dc)
  }

  initialiseAll(dc: number): Promise<number> {
    return this.#options.store.initialiseAll(dc)
  }

  usage(dc: number): Promise<SegmentUsage[]> {
    return this.#options.store.usage(dc)
  }

  /**
   * A block may be smaller or larger than `step`. Of one (tag, dc) each grant is above all that the same process got
   * before it asked. Without a generation nothing is shared.
   */
  async allocate(tagId: number, dc: number, step: number, generation?: string): Promise<SegmentGrant> {
    invariant(
      Number.isInteger(step) && step >= 1 && step <= STEP_MAX,
      `step ${step} is out of 1..${STEP_MAX}`,
    )
    const shelf = this.#shelf(shelfKey(tagId, dc, generation))
    const direct = this.#options.blocks === 0 || this.#stopped || this.#exchange.resting
    if (shelf.isUnusual(step) || direct || generation === undefined)
      return shelf.gotWhole(await this.#options.store.allocate(tagId, dc, step, generation))
    const list = { tagId, generation, dc }
    const taken = await this.#exchange.take(list, () => shelf.floor)
    if (taken === 'away')
      return shelf.gotWhole(await this.#options.store.allocate(tagId, dc, step, generation))
    const nowMs = this.#options.clock.monotonicMs()
    shelf.sawNone(nowMs, shelf.floor, taken === 'empty' ? Number.POSITIVE_INFINITY : taken.hi)
    if (taken === 'empty') return await this.#allocateAndShare(shelf, list, step)
    this.hits += 1
    return shelf.got(taken)
  }

  /** Only grants that stayed whole: of another the end may be in somebody's hands, and that of a block always is. */
  async giveBack(tagId: number, dc: number, unused: SegmentGrant, generation?: string): Promise<boolean> {
    if (this.#shelves.get(shelfKey(tagId, dc, generation))?.mayGoBack(unused) !== true) return false
    return await this.#options.store.giveBack(tagId, dc, unused, generation)
  }

  /**
   * At start: puts blocks aside for the tags that have none, so that the first requests need no database. Ends early,
   * without an error, at the first trouble. Instances that do it at the same moment may all put blocks aside.
   */
  prewarm(busyTags: () => Promise<readonly BlocksOfTag[]>): Promise<void> {
    const warming = this.#prewarm(busyTags).finally(() => this.#puttings.delete(warming))
    this.#puttings.add(warming)
    return warming
  }

  /** Nothing is put aside after this; resolves when what was under way has ended. */
  async stop(): Promise<void> {
    this.#stopped = true
    await this.settled()
  }

  /** Resolves when no blocks are being put aside. */
  async settled(): Promise<void> {
    await Promise.all(this.#puttings)
  }

  async #allocateAndShare(shelf: BlockShelf, list: BlockList, step: number): Promise<SegmentGrant> {
    this.misses += 1
    const nowMs = this.#options.clock.monotonicMs()
    // While blocks are being put aside more of them would be a guess.
    const sharing = shelf.putting === undefined
    const blocks = sharing ? shelf.blocksAt(nowMs, step) : 0
    const grant = await this.#allocateUpTo(list, step, Math.min(STEP_MAX, step * (1 + blocks)))
    const end = Math.min(grant.hi, grant.lo + step)
    if (sharing) shelf.missed(nowMs, grant, end)
    if (grant.hi === end) return shelf.gotWhole(grant)
    this.#putAside(shelf, list, { lo: end, hi: grant.hi }, step)
    return shelf.got({ lo: grant.lo, hi: end })
  }

  /** Beside the request: its numbers are ready. */
  #putAside(shelf: BlockShelf, list: BlockList, rest: SegmentGrant, step: number): void {
    const putting = this.#exchange.putAside(list, rest, step).then((lies) => {
      this.#puttings.delete(putting)
      shelf.putting = undefined
      if (!lies) shelf.lost(rest.hi - rest.lo)
    })
    shelf.putting = putting
    this.#puttings.add(putting)
  }

  /** A database that is alone may grant no more than what was promised to it: then at least what the caller needs. */
  async #allocateUpTo(list: BlockList, least: number, most: number): Promise<SegmentGrant> {
    const { store } = this.#options
    const { tagId, dc, generation } = list
    try {
      return await store.allocate(tagId, dc, most, generation)
    } catch (thrown) {
      const alone = thrown instanceof IdgenError && thrown.code === 'IDGEN_WITNESS_UNAVAILABLE'
      if (!alone || most === least) throw thrown
      return await store.allocate(tagId, dc, least, generation)
    }
  }

  async #prewarm(busyTags: () => Promise<readonly BlocksOfTag[]>): Promise<void> {
    if (this.#options.blocks === 0) return
    const left = [...(await this.#busy(busyTags))].reverse()
    await Promise.all(
      Array.from({ length: PREWARM_PARALLEL }, async () => {
        for (let tag = left.pop(); tag !== undefined; tag = left.pop())
          if (this.#stopped || this.#exchange.resting || !(await this.#prewarmOne(tag))) left.length = 0
      }),
    )
  }

  async #busy(busyTags: () => Promise<readonly BlocksOfTag[]>): Promise<readonly BlocksOfTag[]> {
    try {
      return await busyTags()
    } catch (thrown) {
      this.#options.log.debug({ why: IdgenError.from(thrown).message }, NOT_PREWARMED)
      return []
    }
  }

  /** Says whether to go on with the next tag. */
  async #prewarmOne(tag: BlocksOfTag): Promise<boolean> {
    const { store, blocks, log } = this.#options
    const { tagId, dc, generation, step } = tag
    const count = await this.#exchange.count(tag)
    if (count === undefined || count > 0) return count !== undefined
    try {
      const grant = await store.allocate(tagId, dc, Math.min(STEP_MAX, step * blocks), generation)
      return await this.#exchange.putAside(tag, grant, step)
    } catch (thrown) {
      log.debug({ tagId, dc, why: IdgenError.from(thrown).message }, NOT_PREWARMED)
      return false
    }
  }

  #shelf(key: string): BlockShelf {
    const shelf = this.#shelves.get(key) ?? new BlockShelf(this.#options.blocks, this.#options.ttlMs)
    this.#shelves.delete(key)
    this.#shelves.set(key, shelf)
    const oldest = this.#shelves.keys().next().value
    if (this.#shelves.size > SHELVES_MAX && oldest !== undefined) this.#shelves.delete(oldest)
    return shelf
  }
}

function shelfKey(tagId: number, dc: number, generation = ''): string {
  return `${tagId}/${dc}/${generation}`
}

const NOT_PREWARMED = 'segment blocks were not put aside at start'
/** As `redis.blocks`; with the compares they fit one transaction of etcd (128 each). */
const BLOCKS_MAX = 64
/** Few enough to leave the pool of the database to requests. */
const PREWARM_PARALLEL = 4
/** More than the tags a process serves at once: a tag pushed out here is long out of memory, with its order. */
const SHELVES_MAX = 50_000
