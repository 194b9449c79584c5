import { IdgenError } from '../../core/errors.ts'
import type { BlockCache, CachedBlock } from '../../ports/block-cache.ts'
import type { Clock } from '../../ports/clock.ts'

interface Kept {
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

  async push(tagId: number, dc: number, blocks: readonly CachedBlock[], ttlMs: number): Promise<void> {
    this.#reach()
    const list = this.#list(tagId, dc)
    const untilMs = this.#clock.monotonicMs() + ttlMs
    const bound = this.identityOf(this.#runId, this.#replid)
    for (const block of blocks) list.push({ block, bound, untilMs })
    list.sort((a, b) => a.block.lo - b.block.lo)
    list.splice(0, list.length - BLOCKS_MAX)
    this.#answer()
  }

  async pop(tagId: number, dc: number, from: number): Promise<CachedBlock | undefined> {
    this.#reach()
    const list = this.#list(tagId, dc)
    const nowMs = this.#clock.monotonicMs()
    const bound = this.identityOf(this.#runId, this.#replid)
    let found: CachedBlock | undefined
    for (let at = 0; at < list.length && found === undefined; ) {
      const kept = list[at]
      if (kept === undefined || kept.block.lo < from) {
        at += 1
        continue
      }
      list.splice(at, 1)
      if (kept.bound === bound && kept.untilMs > nowMs) found = kept.block
    }
    this.#answer()
    return found
  }

  async count(tagId: number, dc: number): Promise<number> {
    this.#reach()
    const nowMs = this.#clock.monotonicMs()
    const count = this.#list(tagId, dc).filter(({ untilMs }) => untilMs > nowMs).length
    this.#answer()
    return count
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

  #list(tagId: number, dc: number): Kept[] {
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
