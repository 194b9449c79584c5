import { blockKey } from '../core/coordination-keys.ts'
import { IdgenError } from '../core/errors.ts'
import type { SegmentGrant } from '../core/grant.ts'
import { SEGMENT_LIMIT, STEP_MAX } from '../core/tag.ts'
import type { BlockCache, CachedBlock } from '../ports/block-cache.ts'
import type { Clock } from '../ports/clock.ts'
import type { Coordinator } from '../ports/coordinator.ts'
import type { Log } from '../ports/log.ts'
import type { Random } from '../ports/random.ts'

export interface BlockExchangeOptions {
  readonly cache: BlockCache
  readonly coordinator: Coordinator
  /** The generation of a live tag. Asked once per tag and remembered until `forget`. */
  readonly generationOf: (tagId: number) => Promise<string>
  /** Blocks nobody took by then are burnt; milliseconds. */
  readonly ttlMs: number
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

/**
 * Puts segment blocks where other instances find them, and takes them out again.
 *
 *     put aside    etcd: create /blocks/{generation}/{dc}/{lo} = {hi}:{nonce}  ──▶  Redis: push, once
 *     take         Redis: pop  ──▶  etcd: if it still says {hi}:{nonce}, delete it: only that makes the block ours
 *
 * Redis decides nothing: whatever it forgets, repeats or makes up, a block is used by whoever deleted its record, and a
 * record is deleted once. What is doubtful on the way is given up: a gap is free, a duplicate is not.
 */
export class BlockExchange {
  /** Blocks taken out of the cache and not used. */
  dropped = 0
  /** Blocks that were to be put aside and were not, as far as this process knows. */
  burnt = 0
  readonly #options: BlockExchangeOptions
  readonly #generations = new Map<number, string>()
  #lease: { readonly id: Promise<string>; readonly untilMs: number } | undefined
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
  async take(tagId: number, dc: number, floor: () => number): Promise<SegmentGrant | 'empty' | 'away'> {
    for (let pops = 0; pops < POPS_MAX; pops += 1) {
      try {
        const generation = await this.#generation(tagId)
        const block = await this.#options.cache.pop(tagId, dc, floor())
        if (block === undefined) return 'empty'
        const ours = isSane(block) && (await this.#confirm(blockKey(generation, dc, block.lo), block))
        // Looked at again: while it was confirmed the caller may have got higher numbers elsewhere.
        if (ours && block.lo >= floor()) return { lo: block.lo, hi: block.hi }
        this.#drop(tagId, block, ours ? 'too low by now' : 'not confirmed')
      } catch (thrown) {
        this.#tell(thrown, tagId, 'no segment block could be taken from the cache')
        return 'away'
      }
    }
    return 'empty'
  }

  /** Cuts the numbers into blocks of `size`, the last one shorter, and puts them aside. Never rejects. */
  async putAside(tagId: number, dc: number, rest: SegmentGrant, size: number): Promise<void> {
    const blocks = this.#cut(rest, size)
    try {
      const generation = await this.#generation(tagId)
      if (await this.#record(generation, dc, blocks))
        await this.#options.cache.push(tagId, dc, blocks, this.#options.ttlMs)
      else this.#burn(tagId, blocks, 'there are such records already')
    } catch (thrown) {
      // Also where the push may have been carried out: then others take the blocks, once each, and this process none.
      this.#burn(tagId, blocks, this.#tell(thrown, tagId, 'segment blocks could not be put aside'))
    }
  }

  /** The tag changed or went: its generation is asked for again. */
  forget(tagId: number): void {
    this.#generations.delete(tagId)
  }

  async #confirm(key: string, { hi, nonce }: CachedBlock): Promise<boolean> {
    try {
      const outcome = await this.#options.coordinator.transact(
        { compare: [{ key, value: recordOf(hi, nonce) }], change: [{ delete: key }] },
        CONFIRM_DEADLINE_MS,
      )
      return outcome.succeeded
    } catch (thrown) {
      this.dropped += 1
      this.#rest()
      throw thrown
    }
  }

  async #record(generation: string, dc: number, blocks: readonly CachedBlock[]): Promise<boolean> {
    try {
      const leaseId = await this.#leaseId()
      const keyed = blocks.map((block) => ({ ...block, key: blockKey(generation, dc, block.lo) }))
      const { succeeded } = await this.#options.coordinator.transact({
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

  /** One lease for all blocks of half its life: one for each would be a call more and thousands of leases in etcd. */
  #leaseId(): Promise<string> {
    const { coordinator, clock, ttlMs } = this.#options
    const nowMs = clock.monotonicMs()
    if (this.#lease === undefined || nowMs >= this.#lease.untilMs)
      this.#lease = { id: coordinator.grantLease(2 * ttlMs), untilMs: nowMs + ttlMs }
    return this.#lease.id
  }

  async #generation(tagId: number): Promise<string> {
    const known = this.#generations.get(tagId)
    if (known !== undefined) return known
    const generation = await this.#options.generationOf(tagId)
    this.#generations.set(tagId, generation)
    const oldest = this.#generations.keys().next().value
    if (this.#generations.size > GENERATIONS_MAX && oldest !== undefined) this.#generations.delete(oldest)
    return generation
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

  #drop(tagId: number, { lo, hi }: CachedBlock, why: string): void {
    this.dropped += 1
    this.#options.log.debug({ tagId, lo, hi, why }, 'segment block dropped')
  }

  #burn(tagId: number, blocks: readonly CachedBlock[], why: string): void {
    this.burnt += blocks.length
    const [lo, hi] = [blocks[0]?.lo, blocks.at(-1)?.hi]
    this.#options.log.debug({ tagId, lo, hi, why }, 'segment blocks burnt')
  }

  #rest(): void {
    this.#restUntilMs = this.#options.clock.monotonicMs() + REST_MS
  }

  #tell(thrown: unknown, tagId: number, text: string): string {
    const why = IdgenError.from(thrown).message
    this.#options.log.debug({ tagId, why }, text)
    return why
  }
}

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
/** As `witness.deadline`: an allocation waits this long for etcd. */
const CONFIRM_DEADLINE_MS = 200
/** As for the witness: a second passes until etcd is asked again. */
const REST_MS = 1000
const NONCE_BYTES = 16
/** More than the tags a process serves at once; one that was pushed out costs a look-up. */
const GENERATIONS_MAX = 50_000
