import type { Page, PageRequest } from './catalog-store.ts'

export const SCOPES = ['issue', 'manage', 'audit', 'alert'] as const
export type Scope = (typeof SCOPES)[number]

/** An API key as stored: never the secret, only its SHA-256. */
export interface ApiKey {
  /** 12 of a-z 0-9; the part of `idg_<id>_<secret>` that may be shown and logged. */
  readonly id: string
  readonly name: string
  /** SHA-256 of the whole key text, 32 bytes. */
  readonly hash: Uint8Array
  readonly scopes: readonly Scope[]
  /** A prefix of `w/g/t` the key is limited to: '' (all), 'w', 'w/g' or 'w/g/t'. */
  readonly within: string
  readonly createdAt: Date
  readonly expiresAt: Date | undefined
  readonly revokedAt: Date | undefined
  /**
   * Uid of the object that declares the tag `within`: the key ends when that is no longer so (DeclarationStore). Left
   * out: it ends by hand only.
   */
  readonly declaredBy?: string
  /** The secret before the last rotation, which stays valid for a while. */
  readonly previous?: PreviousSecret
}

export interface PreviousSecret {
  /** SHA-256 of the whole key text, 32 bytes. */
  readonly hash: Uint8Array
  /** First moment at which it is refused. */
  readonly until: Date
}

/** Of two valid secrets: the one before the last rotation, or the one that it made. */
export type SecretToEnd = 'oldest' | 'newest'

export interface NewSecret {
  /** SHA-256 of the whole key text, 32 bytes. */
  readonly hash: Uint8Array
  /** Until when the secret that stays beside it is valid. */
  readonly previousUntil: Date
  readonly ends: SecretToEnd
}

/** Those that are left out do not narrow anything. */
export interface KeyPageRequest extends PageRequest {
  /** Only keys that have it in their name (ASCII letters in whatever case), id or `within`; empty: all. */
  readonly text?: string
  /** Only keys that are valid then: neither revoked, whenever that was, nor expired. */
  readonly validAt?: Date
}

export interface KeyPut {
  readonly key: ApiKey
  readonly outcome: 'created' | 'replaced' | 'same'
}

/** Every write raises the catalogue's revision (CatalogStore.changesSince names the key). */
export interface ApiKeyStore {
  /** @throws IDGEN_ALREADY_EXISTS when the id is taken */
  create(key: ApiKey): Promise<void>
  /**
   * Exactly this key is valid under its id from now on, in place of one that is there (whose creation time stays).
   * Idempotent: a repeat writes nothing. `mayReplace` is called with the key that is there, in the same transaction;
   * what it throws is thrown on.
   * @throws IDGEN_KEY_REVOKED; IDGEN_DECLARATION_STALE when `declaredBy` does not declare the tag now
   */
  put(key: ApiKey, mayReplace: (existing: ApiKey) => void): Promise<KeyPut>
  find(id: string): Promise<ApiKey | undefined>
  /** Ordered by id, revoked ones included; only those limited to `within` or to less, '' for all. At worst it reads every key. */
  list(page: KeyPageRequest, within: string): Promise<Page<ApiKey>>
  /**
   * Another secret from now on. Of those that were valid until now `ends` is valid no more, and the other one until
   * `previousUntil`; where there is one only, it stays. Not idempotent. `mayRotate` as `mayReplace` of `put`.
   * @throws IDGEN_KEY_NOT_FOUND, IDGEN_KEY_REVOKED
   */
  rotate(id: string, secret: NewSecret, mayRotate: (existing: ApiKey) => void): Promise<ApiKey>
  /** Idempotent: the first time stands. @throws IDGEN_KEY_NOT_FOUND */
  revoke(id: string, at: Date): Promise<ApiKey>
}

/** The key with its new secret, as every store writes it. */
export function withNewSecret(key: ApiKey, { hash, previousUntil: until, ends }: NewSecret): ApiKey {
  const stays = ends === 'newest' && key.previous !== undefined ? key.previous.hash : key.hash
  return { ...key, hash, previous: { hash: stays, until } }
}
