/** Where the blocks of one tag in one data centre lie. */
export interface BlockList {
  readonly tagId: number
  /** Ids repeat between databases that share a cache; blocks of another generation are another tag's. */
  readonly generation: string
  readonly dc: number
}

/** Numbers [lo, hi) of one tag in one data centre, granted by the database and put aside for whoever comes next. */
export interface CachedBlock {
  readonly lo: number
  readonly hi: number
  /** Random 128 bits as 32 hex digits: names this block in the coordinator, where taking it is confirmed. */
  readonly nonce: string
}

/**
 * Segment blocks that instances of a data centre share. The cache forgets and repeats: a block may be lost,
 * and a restored or failed-over cache may hand one out again. Whoever takes one confirms it with the coordinator
 * before use (app/block-exchange.ts). Every call ends within the adapter's own time limit, which is short, and is never
 * retried; every failure is IDGEN_CACHE_UNAVAILABLE and means: unknown.
 */
export interface BlockCache {
  /**
   * Lays the blocks down; each lives `ttlMs`. Pushed at most once: never retried, never queued. Beyond the cache's
   * limit per (tag id, dc) those with the lowest numbers are forgotten.
   */
  push(list: BlockList, blocks: readonly CachedBlock[], ttlMs: number): Promise<void>
  /**
   * Takes out the block with the lowest `lo` that is at least `from`: lower ones stay for callers whose numbers have
   * not come that far. Blocks that were pushed to another run of the server are dropped on the way. Two calls get the
   * same block only if the cache repeats.
   */
  pop(list: BlockList, from: number): Promise<CachedBlock | undefined>
  /** How many blocks `pop` could take from 0 on. */
  count(list: BlockList): Promise<number>
}
