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
 * before use (app/shared-blocks.ts). Calls are short and never retried; every failure is IDGEN_CACHE_UNAVAILABLE and
 * means: unknown.
 */
export interface BlockCache {
  /** Appends the blocks, in order, and lets the list live `ttlMs`. Pushed at most once: never retried, never queued. */
  push(tagId: number, dc: number, blocks: readonly CachedBlock[], ttlMs: number): Promise<void>
  /** Takes the oldest block out. Blocks that were pushed to another run of the server are dropped on the way. */
  pop(tagId: number, dc: number): Promise<CachedBlock | undefined>
}
