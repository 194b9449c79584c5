/** How far the time of a worker id was granted, as the second store remembers it. */
export interface TimeCopy {
  /** First Unix millisecond nobody may use yet; 0 for a worker id that was never used. */
  readonly untilMs: number
  /** Nonce of the hold that wrote it; '' where nobody did. */
  readonly nonce: string
}

/** Which store grants the time of a data centre. `moving`: a switch is under way, nobody grants. */
export type TimeAuthorityStore = 'postgres' | 'etcd' | 'moving'

export interface TimeAuthority {
  readonly store: TimeAuthorityStore
  readonly layoutHash: string
}

/**
 * The copy of every time grant in PostgreSQL where etcd is what grants time (design.md section 2): a restored etcd
 * forgets windows, and the copy then refuses the hold that would stamp them again. Also the authority record.
 */
export interface TimeCopyStore {
  /** The store's own Unix time, to judge this machine's clock by. */
  nowMs(): Promise<number>
  /**
   * Fixes the authority and the layout of `dc` to `wanted` where there is no record yet, and returns the record.
   * @throws IDGEN_STORE_UNAVAILABLE
   */
  authority(dc: number, wanted: TimeAuthority): Promise<TimeAuthority>
  /** @throws IDGEN_STORE_UNAVAILABLE */
  read(dc: number, worker: number): Promise<TimeCopy>
  /**
   * One transaction: writes `after`, only if the authority of `dc` is etcd and the copy is exactly `before`, or is
   * what an earlier try with an unknown outcome wrote: the nonce of `after` and an untilMs between the two.
   * false: refused, nothing was changed.
   * @throws IDGEN_STORE_UNAVAILABLE outcome unknown; call again with the same `before`
   */
  replace(dc: number, worker: number, before: TimeCopy, after: TimeCopy): Promise<boolean>
  /** Of every worker id 0..255 of the data centre that has a record. @throws IDGEN_STORE_UNAVAILABLE */
  readAll(dc: number): Promise<ReadonlyMap<number, number>>
}
