import { blockFloorKey, blockKey } from '../core/coordination-keys.ts'
import { IdgenError } from '../core/errors.ts'
import type { SegmentGrant } from '../core/grant.ts'
import { SEGMENT_LIMIT, STEP_MAX } from '../core/tag.ts'
import type { BlockCache, BlockList, CachedBlock } from '../ports/block-cache.ts'
import type { Clock } from '../ports/clock.ts'
import type { Coordinator, CoordinatorOutcome, CoordinatorTransaction } from '../ports/coordinator.ts'
import type { Log } from '../ports/log.ts'
import type { Random } from '../ports/random.ts'
import { floorOf } from './block-floor.ts'
import { SeenRevision } from './seen-revision.ts'

export interface BlockExchangeOptions {
  readonly cache: BlockCache
  readonly coordinator: Coordinator
  /** Blocks nobody took by then are burnt; milliseconds. */
  readonly ttlMs: number
  /** Longest wait of an allocation for the coordinator, as `witness.deadline`; milliseconds. */
  readonly deadlineMs: number
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

/**
 * Puts segment blocks where other instances find them, and takes them out again.
 *
 *     put aside    etcd: create /blocks/{generation}/{dc}/{lo} = {hi}:{nonce}  ──▶  Redis: push, once
 *     take         Redis: pop  ──▶  etcd: if it still says {hi}:{nonce}, delete it: only that makes the block ours;
 *                                   in the same transaction read the floor: below it nothing is used (app/block-floor.ts)
 *
 * Redis decides nothing: whatever it forgets, repeats or makes up, a block is used by whoever deleted its record, and a
 * record is deleted once. What is doubtful on the way is given up: a gap is free, a duplicate is not. Where etcd
 * repeats too, because it was restored from a backup, see docs/decisions/0009-blocks-are-confirmed-in-etcd.md.
 */
export class BlockExchange {
  /** Blocks taken out of the cache and not used. */
  dropped = 0
  /** Blocks that were to be put aside and were not, as far as this process knows. */
  burnt = 0
  readonly #options: BlockExchangeOptions
  readonly #seen = new SeenRevision()
  #lease: { readonly id: Promise<string>; readonly untilMs: number } | undefined
  #restMs = 0
  #restUntilMs = 0

  constructor(options: BlockExchangeOptions) {
    this.#options = options
  }

  /** The coordinator failed lately: blocks taken now could not be confirmed, and would be burnt. */
  get resting(): boolean {
    return this.#options.clock.monotonicMs() < this.#restUntilMs
  }

  /**
   * A block that begins at `floor` or above and belongs to the caller alone; 'empty' when there is none; 'away' when
   * nothing can be said of it, so that nothing should be put aside either. Never rejects.
   */
  async take(list: BlockList, floor: () => number): Promise<SegmentGrant | 'empty' | 'away'> {
    for (let pops = 0; pops < POPS_MAX; pops += 1) {
      try {
        const block = await this.#options.cache.pop(list, floor())
        if (block === undefined) return 'empty'
        const ours = isSane(block) && (await this.#confirm(list, block))
        // Looked at again: while it was confirmed the caller may have got higher numbers elsewhere.
        if (ours && block.lo >= floor()) return { lo: block.lo, hi: block.hi }
        this.#drop(list, block, ours ? 'too low by now' : 'not confirmed')
      } catch (thrown) {
        this.#tell(thrown, list, 'no segment block could be taken from the cache')
        return 'away'
      }
    }
    return 'empty'
  }

  /**
   * Cuts the numbers into blocks of `size`, the last one shorter, and puts them aside. false: they are burnt, as far as
   * this process knows. Never rejects.
   */
  async putAside(list: BlockList, rest: SegmentGrant, size: number): Promise<boolean> {
    const blocks = this.#cut(rest, size)
    try {
      if (!(await this.#record(list, blocks))) {
        this.#burn(list, blocks, 'there are such records already')
        return false
      }
      await this.#options.cache.push(list, blocks, this.#options.ttlMs)
      return true
    } catch (thrown) {
      // Also where the push may have been carried out: then others take the blocks, once each, and this process none.
      this.#burn(list, blocks, this.#tell(thrown, list, 'segment blocks could not be put aside'))
      return false
    }
  }

  /** How many blocks lie ready; undefined when that cannot be said. */
  async count(list: BlockList): Promise<number | undefined> {
    try {
      return await this.#options.cache.count(list)
    } catch (thrown) {
      this.#tell(thrown, list, 'segment blocks could not be counted')
      return undefined
    }
  }

  async #confirm({ generation, dc }: BlockList, { lo, hi, nonce }: CachedBlock): Promise<boolean> {
    const key = blockKey(generation, dc, lo)
    const floorKey = blockFloorKey(generation, dc)
    try {
      const { succeeded, entries } = await this.#transact(
        { compare: [{ key, value: recordOf(hi, nonce) }], change: [{ delete: key }], read: [floorKey] },
        this.#options.deadlineMs,
      )
      // A record may come into being after an advance has looked for records: what its block was cut from was on its way.
      return succeeded && lo >= floorOf(entries.get(floorKey))
    } catch (thrown) {
      this.dropped += 1
      throw thrown
    }
  }

  async #record({ generation, dc }: BlockList, blocks: readonly CachedBlock[]): Promise<boolean> {
    try {
      const leaseId = await this.#leaseId()
      const keyed = blocks.map((block) => ({ ...block, key: blockKey(generation, dc, block.lo) }))
      const { succeeded } = await this.#transact({
        compare: keyed.map(({ key }) => ({ key, createRevision: 0 })),
        change: keyed.map(({ key, hi, nonce }) => ({ put: key, value: recordOf(hi, nonce), leaseId })),
      })
      return succeeded
    } catch (thrown) {
      // The lease may be what is gone: a restored etcd knows it no more.
      this.#lease = undefined
      this.#rest()
      throw thrown
    }
  }

  async #transact(transaction: CoordinatorTransaction, deadlineMs?: number): Promise<CoordinatorOutcome> {
    const before = this.#seen.highest
    try {
      const answer = await this.#options.coordinator.transact(transaction, deadlineMs)
      if (this.#seen.restored(before, answer)) throw this.#restored(before, answer.revision)
      if (!this.resting) this.#restMs = 0
      return answer
    } catch (thrown) {
      this.#rest()
      throw thrown
    }
  }

  /** Records of blocks that were taken since may be there again: until all blocks have expired none is taken. */
  #restored(before: number, revision: number): IdgenError {
    const { ttlMs, clock, log } = this.#options
    this.#restUntilMs = clock.monotonicMs() + ttlMs
    log.warn({ before, revision, ttlMs }, 'etcd was restored: no segment blocks are shared for a while')
    return new IdgenError(
      'IDGEN_COORDINATION_UNAVAILABLE',
      `etcd answers with revision ${revision} after ${before}: it was restored from a backup.`,
    )
  }

  /** One lease for all blocks of half its life: one for each would be a call more and thousands of leases in etcd. */
  #leaseId(): Promise<string> {
    const { coordinator, clock, ttlMs } = this.#options
    const nowMs = clock.monotonicMs()
    if (this.#lease === undefined || nowMs >= this.#lease.untilMs)
      this.#lease = { id: coordinator.grantLease(2 * ttlMs), untilMs: nowMs + ttlMs }
    return this.#lease.id
  }

  #cut({ lo, hi }: SegmentGrant, size: number): CachedBlock[] {
    const blocks: CachedBlock[] = []
    const nonces = new Uint8Array(Math.ceil((hi - lo) / size) * NONCE_BYTES)
    this.#options.random.fill(nonces)
    const text = Buffer.from(nonces.buffer).toString('hex')
    for (let from = lo; from < hi; from += size) {
      const at = blocks.length * NONCE_BYTES * 2
      const nonce = text.slice(at, at + NONCE_BYTES * 2)
      blocks.push({ lo: from, hi: Math.min(hi, from + size), nonce })
    }
    return blocks
  }

  #drop({ tagId }: BlockList, { lo, hi }: CachedBlock, why: string): void {
    this.dropped += 1
    this.#options.log.debug({ tagId, lo, hi, why }, 'segment block dropped')
  }

  #burn({ tagId }: BlockList, blocks: readonly CachedBlock[], why: string): void {
    this.burnt += blocks.length
    const [lo, hi] = [blocks[0]?.lo, blocks.at(-1)?.hi]
    this.#options.log.debug({ tagId, lo, hi, why }, 'segment blocks burnt')
  }

  /** Longer each time: every try while etcd is away costs a wait, and burns what was to be put aside. */
  #rest(): void {
    if (this.resting) return
    this.#restMs = Math.min(REST_MAX_MS, Math.max(REST_MIN_MS, this.#restMs * 2))
    this.#restUntilMs = this.#options.clock.monotonicMs() + this.#restMs
  }

  #tell(thrown: unknown, { tagId }: BlockList, text: BlockText): string {
    const why = IdgenError.from(thrown).message
    this.#options.log.debug({ tagId, why }, text)
    return why
  }
}

type BlockText =
  | 'no segment block could be taken from the cache'
  | 'segment blocks could not be put aside'
  | 'segment blocks could not be counted'

/** What the record of a block says; its lo is in the key. */
function recordOf(hi: number, nonce: string): string {
  return `${hi}:${nonce}`
}

/** Before it is looked for in etcd, where lo, hi and nonce are proved: nothing wild gets into a key. */
function isSane({ lo, hi }: CachedBlock): boolean {
  const bounds = Number.isSafeInteger(lo) && lo >= 0 && lo < hi && hi <= SEGMENT_LIMIT
  return bounds && hi - lo <= STEP_MAX
}

/** Blocks that turn out to be of no use before the database is asked: after a restored dump there may be a full list. */
const POPS_MAX = 4
/** As for the witness: a second passes until etcd is asked again. */
const REST_MIN_MS = 1000
/** An etcd that is back is of use within half a minute; an outage of an hour burns some hundred blocks a process. */
const REST_MAX_MS = 30_000
const NONCE_BYTES = 16
