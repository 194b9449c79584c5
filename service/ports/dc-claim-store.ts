/** Which installation runs a data centre. */
export interface DcClaim {
  readonly dc: number
  readonly installation: string
  /** Who wrote it, for people: host name and process id. */
  readonly claimedBy: string
  readonly claimedAt: Date
}

/**
 * The claims of one database. Those of etcd are keys (app/dc-claim-record.ts); this store decides while etcd is away,
 * and alone where there is none.
 */
export interface DcClaimStore {
  /** In the order of data centres. @throws IDGEN_STORE_UNAVAILABLE */
  list(): Promise<readonly DcClaim[]>
  /** @throws IDGEN_STORE_UNAVAILABLE */
  find(dc: number): Promise<DcClaim | undefined>
  /**
   * Claims `dc` where nobody did, and returns the claim there is; one atomic change. Idempotent.
   * @throws IDGEN_STORE_UNAVAILABLE outcome unknown; call again
   */
  claim(dc: number, installation: string, claimedBy: string): Promise<DcClaim>
  /**
   * Gives `dc` to `installation`, only if the claim is still `before`'s (undefined: there is none), in one atomic change.
   * Changes nothing where `installation` has it already. false: somebody else changed it.
   * @throws IDGEN_STORE_UNAVAILABLE outcome unknown; look before calling again
   */
  move(dc: number, before: string | undefined, installation: string, claimedBy: string): Promise<boolean>
}
