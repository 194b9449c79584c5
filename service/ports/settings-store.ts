/** A setting as it may be kept: of a secret, what may be shown of it. */
export interface KeptSetting {
  readonly shown: string | number | boolean
  /** Of a secret: changes with it, and tells nothing to who has not `audit.key`. Left out where there is no such key. */
  readonly mark?: string
}

/** By the paths of their keys. */
export type KeptSettings = Readonly<Record<string, KeptSetting>>

export interface SettingsEntry {
  /** 1 and up: one more with every write. */
  readonly version: number
  readonly settings: KeptSettings
  /** What they were before, while it is not known that the change is in the audit log; `{}`: nothing was before. */
  readonly owed: KeptSettings | undefined
  /** Milliseconds since it was written, by the store's clock. */
  readonly ageMs: number
}

/** What a data centre was last started with. */
export interface SettingsStore {
  /** undefined: it never was. @throws IDGEN_STORE_UNAVAILABLE */
  find(dc: number): Promise<SettingsEntry | undefined>
  /**
   * `version`: of the entry that is replaced, 0 for none.
   * @returns false: another process was first, and nothing was written
   * @throws IDGEN_STORE_UNAVAILABLE nothing was written, or it is unknown
   */
  replace(dc: number, version: number, next: Pick<SettingsEntry, 'settings' | 'owed'>): Promise<boolean>
}
