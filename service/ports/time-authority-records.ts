import type { TimeAuthority, TimeAuthorityStore } from './time-copy-store.ts'

/** The record in the database of who grants the time of a data centre. */
export interface AuthorityStanding extends TimeAuthority {
  /**
   * How often it was moved. A move names it, so that one switch cannot finish what another one began: stores that came
   * and went make the same names again, never the same count.
   */
  readonly moves: number
  /** Who holds a worker id of the database by a lease that has not run out; for people. */
  readonly holders: readonly { readonly worker: number; readonly holder: string }[]
}

/** How the right to grant time leaves the database and comes back: `idgen coordination switch`. */
export interface TimeAuthorityRecords {
  /** undefined: there is no record, the data centre was never used. @throws IDGEN_STORE_UNAVAILABLE */
  standing(dc: number): Promise<AuthorityStanding | undefined>
  /**
   * One transaction: the authority becomes `to`, only if it was moved `moves` times by now; each worker's untilMs is
   * raised to at least what `untilMs` names, nothing is lowered, and every holder is forgotten. false: it was moved
   * since; nothing was changed. Every extension under way ends before it, every later one is refused.
   * @throws IDGEN_STORE_UNAVAILABLE it may have happened, but does not happen later than the next answer about `dc`
   */
  moveAuthority(
    dc: number,
    moves: number,
    to: TimeAuthorityStore,
    untilMs: ReadonlyMap<number, number>,
  ): Promise<boolean>
}
