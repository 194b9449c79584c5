/** A worker id held by this process. Values are what this hold last read or wrote; replaced at every extension. */
export interface TimeHold {
  readonly dc: number
  readonly worker: number
  /** Random 128 bits as 32 hex digits, new for every hold: a restored store cannot make two holds look alike. */
  readonly nonce: string
  /** Grows with every hold of this worker id (the create-revision of design.md section 2). */
  readonly revision: number
  /** First Unix millisecond nobody may use yet. A new hold stamps from here on; it has no window before `extend`. */
  readonly untilMs: number
}

export interface HoldRequest {
  readonly dc: number
  readonly nonce: string
  /** Who asks, for people: host name and process id. */
  readonly holder: string
  /** After this time without an extension others may take the worker id. */
  readonly leaseMs: number
  /** Fingerprint of the snowflake layout; the first holder of a data centre fixes it. */
  readonly layoutHash: string
}

/**
 * Gives out worker ids (0..workers-1 of a data centre) and the right to stamp time with them.
 * Leases only decide who may try; what makes windows disjoint is the compare-and-set on (nonce, revision, untilMs).
 */
export interface TimeGrantStore {
  /** The store's own Unix time, to judge this machine's clock by. */
  nowMs(): Promise<number>
  /**
   * Takes the free worker id whose `untilMs` lies furthest in the past and reads it, in one transaction.
   * @throws IDGEN_WORKER_UNAVAILABLE when all are held or all lie ahead of the store's time (with retryAfterMs)
   * @throws IDGEN_LAYOUT_MISMATCH when the data centre stamps with another layout
   * @throws IDGEN_STORE_UNAVAILABLE
   */
  acquire(request: HoldRequest): Promise<TimeHold>
  /**
   * Raises `untilMs` and the lease, only if the store still has exactly this hold. The window may be used only
   * after this resolved with a hold. undefined: refused, the hold has ended for good.
   * @throws IDGEN_STORE_UNAVAILABLE outcome unknown; call again with the same hold and an `untilMs` no smaller:
   * the record is compared by nonce and revision, and its untilMs must lie within hold.untilMs..untilMs
   */
  extend(hold: TimeHold, untilMs: number, leaseMs: number): Promise<TimeHold | undefined>
  /**
   * Ends the hold and lowers `untilMs` to the first unused millisecond. Call only after stamping stopped for good.
   * false: the store has another holder by now; nothing was changed.
   */
  release(hold: TimeHold, untilMs: number): Promise<boolean>
}
