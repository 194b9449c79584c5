import type { ApiKey, KeyPageRequest, KeyPut } from '../ports/api-key-store.ts'
import type { Page } from '../ports/catalog-store.ts'
import type { Actor } from './actor.ts'
import { authorize, authorizeScopes, type Caller } from './authenticator.ts'
import type { KeyDraft, KeyRotation, ManageKeys, OwnKeyDraft, UsedKey } from './manage-keys.ts'

/**
 * The keys that a caller may manage: those limited to what the caller is limited to, or to less. Every protocol and page goes
 * through here, so that none can forget a check. All calls throw IDGEN_FORBIDDEN, and what ManageKeys throws.
 */
export class CallerKeys {
  readonly #keys: ManageKeys
  readonly #caller: Caller
  readonly #actor: Actor

  constructor(keys: ManageKeys, caller: Caller, actor: Actor) {
    this.#keys = keys
    this.#caller = caller
    this.#actor = actor
  }

  create(draft: KeyDraft): Promise<{ key: ApiKey; text: string }> {
    this.#admitDraft(draft)
    return this.#keys.create(this.#actor, draft)
  }

  put(draft: OwnKeyDraft): Promise<KeyPut> {
    this.#admitDraft(draft)
    // A key that reaches further is somebody else's, whatever its id.
    return this.#keys.put(this.#actor, draft, ({ within }) => this.#admit(within))
  }

  list(page: KeyPageRequest): Promise<Page<UsedKey>> {
    this.#admitLookup()
    return this.#keys.list(page, this.#caller.within)
  }

  async look(id: string): Promise<UsedKey> {
    this.#admitLookup()
    const used = await this.#keys.look(id)
    this.#admit(used.key.within)
    return used
  }

  rotate(id: string, rotation: KeyRotation): Promise<{ key: ApiKey; text: string }> {
    this.#admitLookup()
    return this.#keys.rotate(this.#actor, id, rotation, ({ within, scopes }) => {
      this.#admit(within)
      // Who gets the new secret may do what the key may do.
      authorizeScopes(this.#caller, scopes)
    })
  }

  async revoke(id: string): Promise<ApiKey> {
    this.#admitLookup()
    const key = await this.#keys.find(id)
    this.#admit(key.within)
    return this.#keys.revoke(this.#actor, key.id)
  }

  #admitDraft({ within, scopes }: KeyDraft): void {
    this.#admit(within)
    authorizeScopes(this.#caller, scopes)
  }

  /** Before anything is looked up: without the scope nobody learns which ids exist. */
  #admitLookup(): void {
    this.#admit(this.#caller.within)
  }

  #admit(within: string): void {
    authorize(this.#caller, 'manage', within)
  }
}
