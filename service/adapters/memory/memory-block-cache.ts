import { IdgenError } from '../../core/errors.ts'
import type { BlockCache, BlockList, CachedBlock } from '../../ports/block-cache.ts'
import type { Clock } from '../../ports/clock.ts'

interface Kept {
  readonly generation: string
  readonly block: CachedBlock
  /** Identity of the server that took it in. */
  readonly bound: string
  /** Monotonic. */
  readonly untilMs: number
}

/** What a dump of the cache holds. */
export type BlockSnapshot = ReadonlyMap<string, readonly Kept[]>

/** A block cache with all the faults of Redis, for tests and the simulation: it forgets, repeats and goes away. */
export class MemoryBlockCache implements BlockCache {
  readonly #clock: Clock
  #lists = new Map<string, Kept[]>()
  #runId = 1
  #replid = 1
  #newest = 1
  /** While true every call fails and changes nothing. */
  away = false
  /** The next so many calls take effect and fail all the same: the answer was lost. */
  loseAnswers = 0
  /** What a block is bound to; the simulation's mutants loosen it. */
  identityOf: (runId: number, replid: number) => string = (runId, replid) => `${runId}:${replid}`

  constructor(clock: Clock) {
    this.#clock = clock
  }

  async push(where: BlockList, blocks: readonly CachedBlock[], ttlMs: number): Promise<void> {
    this.#reach()
    const { generation } = where
    const list = this.#list(where)
    const untilMs = this.#clock.monotonicMs() + ttlMs
    const bound = this.identityOf(this.#runId, this.#replid)
    for (const block of blocks) list.push({ generation, block, bound, untilMs })
    list.sort((a, b) => a.block.lo - b.block.lo)
    list.splice(0, list.length - BLOCKS_MAX)
    this.#answer()
  }

  async pop(where: BlockList, from: number): Promise<CachedBlock | undefined> {
    this.#reach()
    const list = this.#list(where)
    let found: CachedBlock | undefined
    for (let at = 0; at < list.length && found === undefined; ) {
      const kept = list[at]
      const usable = kept !== undefined && this.#usable(kept)
      const foreign = usable && kept.generation !== where.generation
      if (kept === undefined || kept.block.lo < from || foreign) {
        at += 1
        continue
      }
      list.splice(at, 1)
      if (usable) found = kept.block
    }
    this.#answer()
    return found
  }

  async count(where: BlockList): Promise<number> {
    this.#reach()
    const own = this.#list(where).filter((kept) => kept.generation === where.generation)
    this.#answer()
    return own.filter((kept) => this.#usable(kept)).length
  }

  /** How many lie there, usable or not. */
  lying({ tagId, dc }: Omit<BlockList, 'generation'>): number {
    return this.#lists.get(`${tagId}/${dc}`)?.length ?? 0
  }

  /** FLUSHALL. */
  flush(): void {
    this.#lists.clear()
  }

  /** SAVE. */
  snapshot(): BlockSnapshot {
    return copyOf(this.#lists)
  }

  /** Loads an old dump into the running server (DEBUG RELOAD): blocks that were taken since are there again. */
  restore(snapshot: BlockSnapshot): void {
    this.#lists = copyOf(snapshot)
  }

  /** A restart: run_id is another one, master_replid is read back from the dump. */
  newRun(): void {
    this.#newest += 1
    this.#runId = this.#newest
  }

  /** A replica takes over: both are others. What it has not seen yet is up to the caller (`restore`). */
  failOver(): void {
    this.newRun()
    this.#replid = this.#newest
  }

  get runId(): number {
    return this.#runId
  }

  /** The master of before takes over again: its run_id is back, master_replid is another one. */
  failBack(runId: number): void {
    this.#runId = runId
    this.#newest += 1
    this.#replid = this.#newest
  }

  #usable({ bound, untilMs }: Kept): boolean {
    return bound === this.identityOf(this.#runId, this.#replid) && untilMs > this.#clock.monotonicMs()
  }

  #list({ tagId, dc }: BlockList): Kept[] {
    const key = `${tagId}/${dc}`
    const list = this.#lists.get(key) ?? []
    this.#lists.set(key, list)
    return list
  }

  #reach(): void {
    if (this.away) throw new IdgenError('IDGEN_CACHE_UNAVAILABLE', 'The cache is away.')
  }

  #answer(): void {
    if (this.loseAnswers <= 0) return
    this.loseAnswers -= 1
    throw new IdgenError('IDGEN_CACHE_UNAVAILABLE', 'The answer of the cache was lost.')
  }
}

function copyOf(lists: BlockSnapshot): Map<string, Kept[]> {
  return new Map([...lists].map(([key, list]) => [key, [...list]]))
}

/** As in Redis. */
const BLOCKS_MAX = 256
