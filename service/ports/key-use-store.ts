/** When keys were last used, for people: who sees that a key is not used any more can revoke it. Never asked on the way to an ID. */
export interface KeyUseStore {
  /** By key id. An older time than the one that is there changes nothing. @throws IDGEN_STORE_UNAVAILABLE */
  note(uses: ReadonlyMap<string, Date>): Promise<void>
  /** Of these keys, those that were ever used. @throws IDGEN_STORE_UNAVAILABLE */
  lastUses(ids: readonly string[]): Promise<ReadonlyMap<string, Date>>
}
