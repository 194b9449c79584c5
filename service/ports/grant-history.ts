/** What one data centre was granted of a tag lately. */
export interface RecentGrants {
  readonly dc: number
  readonly numbers: number
  /**
   * All that was granted since then is counted: the time asked for, or of a busy tag when the oldest of the thousand
   * newest was granted, which may be a minute ago.
   */
  readonly from: Date
}

/** Reads the log of allocations, for people: nothing is decided by it. */
export interface GrantHistory {
  /**
   * Of each data centre the newest grants since then, up to a thousand: a tag under load has more than anybody wants to
   * read. None for data centres without any. @throws IDGEN_STORE_UNAVAILABLE
   */
  recent(tagId: number, since: Date): Promise<readonly RecentGrants[]>
}
