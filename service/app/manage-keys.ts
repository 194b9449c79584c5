import { IdgenError } from '../core/errors.ts'
import { checkName } from '../core/tag.ts'
import {
  type ApiKey,
  type ApiKeyStore,
  type KeyPageRequest,
  type KeyPut,
  SCOPES,
  type Scope,
  type SecretToEnd,
} from '../ports/api-key-store.ts'
import type { Page } from '../ports/catalog-store.ts'
import type { Clock } from '../ports/clock.ts'
import type { KeyUseStore } from '../ports/key-use-store.ts'
import type { Random } from '../ports/random.ts'
import type { Actor } from './actor.ts'
import type { AuditTrail } from './audit-trail.ts'
import { type Authenticator, sha256 } from './authenticator.ts'
import { refuseRotation } from './key-rotation.ts'

export interface KeyDraft {
  /** For people; 1 to 200 characters. */
  readonly name: string
  readonly scopes: readonly Scope[]
  readonly within: string
  readonly expiresAt: Date | undefined
}

/** A key that its owner made. */
export interface OwnKeyDraft extends KeyDraft {
  /** 12 of a-z 0-9. */
  readonly id: string
  /** Of the whole key text, 64 hex digits. */
  readonly sha256: string
  /** Uid of the object that declares the tag `within`: the key ends with its declaration. */
  readonly declaredBy?: string
}

export interface KeyRotation {
  /** How long the secret that was valid until now stays valid; milliseconds. Left out: a day. */
  readonly keepPreviousMs?: number | undefined
  /** Must be said while two secrets are valid, and only then matters. */
  readonly ends?: SecretToEnd | undefined
}

/** A key and when it was last used, with either of its secrets, which is known to within about a minute; undefined: never. */
export interface UsedKey {
  readonly key: ApiKey
  readonly lastUsedAt: Date | undefined
}

export interface ManageKeysOptions {
  readonly keys: ApiKeyStore
  readonly uses: KeyUseStore
  readonly authenticator: Authenticator
  readonly audit: AuditTrail
  readonly clock: Clock
  readonly random: Random
}

/** Makes, lists, rotates and revokes API keys. A secret leaves idgen once, in the answer to `create` or `rotate`. */
export class ManageKeys {
  readonly #options: ManageKeysOptions

  constructor(options: ManageKeysOptions) {
    this.#options = options
  }

  /** @returns the stored key and its whole text `idg_<id>_<secret>`, which cannot be had again */
  async create(actor: Actor, draft: KeyDraft): Promise<{ key: ApiKey; text: string }> {
    const { keys, clock, audit } = this.#options
    checkDraft(draft, clock.nowMs())
    const id = this.#letters(ID_LETTERS, ID_LENGTH)
    const text = this.#newText(id)
    const key: ApiKey = {
      id,
      ...draft,
      hash: sha256(text),
      createdAt: new Date(clock.nowMs()),
      revokedAt: undefined,
    }
    await keys.create(key)
    audit.record({
      ...actor,
      action: 'key.create',
      subject: id,
      workspace: workspaceOf(key),
      detail: described(key),
    })
    return { key, text }
  }

  /**
   * The caller made the key: `idg_<id>_<43 letters and digits>`, of whose text idgen gets the SHA-256 alone. So a repeat
   * after a crash finds the key it made, and nobody is left with one that nobody knows.
   * @throws IDGEN_KEY_REVOKED, IDGEN_DECLARATION_STALE, IDGEN_REQUEST_INVALID, and what `mayReplace` throws
   */
  async put(actor: Actor, draft: OwnKeyDraft, mayReplace: (existing: ApiKey) => void): Promise<KeyPut> {
    const { keys, clock, audit, authenticator } = this.#options
    const { sha256: digest, ...rest } = draft
    checkDraft(rest, clock.nowMs())
    checkOwn(draft)
    const hash = new Uint8Array(Buffer.from(digest, 'hex'))
    const key = { ...rest, hash, createdAt: new Date(clock.nowMs()), revokedAt: undefined }
    let replaced: ApiKey | undefined
    const put = await keys.put(key, (existing) => {
      mayReplace(existing)
      replaced = existing
    })
    if (put.outcome === 'same') return put
    authenticator.forget(key.id)
    const action = put.outcome === 'created' ? 'key.create' : 'key.replace'
    audit.record({
      ...actor,
      action,
      subject: key.id,
      workspace: workspaceOf(key),
      detail: { ...(replaced && { before: described(replaced) }), ...described(key) },
    })
    return put
  }

  /**
   * Another secret for exactly this key, which is made where it is not there. Every secret of before ends at once: for who lost
   * it, and cannot leave a key behind that nobody looks after.
   * @param id 12 of a-z 0-9
   * @returns the key and its new text, which cannot be had again
   * @throws IDGEN_KEY_REVOKED, IDGEN_REQUEST_INVALID
   */
  async makeAnew(actor: Actor, id: string, draft: KeyDraft): Promise<{ key: ApiKey; text: string }> {
    const text = this.#newText(id)
    const { key } = await this.put(
      actor,
      { ...draft, id, sha256: sha256(text).toString('hex') },
      () => undefined,
    )
    return { key, text }
  }

  /** Those limited to `within` or to less. */
  async list(page: KeyPageRequest, within: string): Promise<Page<UsedKey>> {
    const { items, next } = await this.#options.keys.list(page, within)
    return { items: await this.#withUses(items), next }
  }

  /** @throws IDGEN_KEY_NOT_FOUND */
  async look(id: string): Promise<UsedKey> {
    return this.withUse(await this.find(id))
  }

  /**
   * Another secret for the same key: who uses it changes over at leisure, both are valid meanwhile. A rotation before
   * that time is over must say which of the two ends (key-rotation.ts).
   * @returns the key and its new text, which cannot be had again
   * @throws IDGEN_KEY_NOT_FOUND, IDGEN_KEY_REVOKED, IDGEN_KEY_ROTATING, IDGEN_REQUEST_INVALID, and what `mayRotate` throws
   */
  async rotate(
    actor: Actor,
    id: string,
    { keepPreviousMs = KEEP_PREVIOUS_MS, ends }: KeyRotation,
    mayRotate: (existing: ApiKey) => void,
  ): Promise<{ key: ApiKey; text: string }> {
    const { keys, clock, authenticator, audit } = this.#options
    checkRotation(keepPreviousMs)
    const text = this.#newText(id)
    const nowMs = clock.nowMs()
    const until = new Date(nowMs + keepPreviousMs)
    const secret = { hash: sha256(text), previousUntil: until, ends: ends ?? 'oldest' }
    const key = await keys.rotate(id, secret, (existing) => {
      mayRotate(existing)
      refuseRotation(existing, ends, nowMs)
    })
    authenticator.forget(id)
    audit.record({
      ...actor,
      action: 'key.rotate',
      subject: id,
      workspace: workspaceOf(key),
      detail: { ...described(key), previousValidUntil: until.toISOString(), ...(ends && { ends }) },
    })
    return { key, text }
  }

  /** @throws IDGEN_KEY_NOT_FOUND */
  async find(id: string): Promise<ApiKey> {
    const key = await this.#options.keys.find(id)
    if (key === undefined)
      throw new IdgenError('IDGEN_KEY_NOT_FOUND', `There is no API key ${JSON.stringify(id.slice(0, 80))}.`)
    return key
  }

  /** Refused here at once, by other processes within about a second. @throws IDGEN_KEY_NOT_FOUND */
  async revoke(actor: Actor, id: string): Promise<ApiKey> {
    const { keys, authenticator, audit, clock } = this.#options
    const key = await keys.revoke(id, new Date(clock.nowMs()))
    authenticator.forget(id)
    const detail = { before: described(key) }
    audit.record({ ...actor, action: 'key.revoke', subject: id, workspace: workspaceOf(key), detail })
    return key
  }

  /** Never fails: a secret that was just made must reach its owner, whatever became of this look. */
  async withUse(key: ApiKey): Promise<UsedKey> {
    const uses = await this.#options.uses.lastUses([key.id]).catch(() => undefined)
    return { key, lastUsedAt: uses?.get(key.id) }
  }

  async #withUses(keys: readonly ApiKey[]): Promise<UsedKey[]> {
    const uses = await this.#options.uses.lastUses(keys.map(({ id }) => id))
    return keys.map((key) => ({ key, lastUsedAt: uses.get(key.id) }))
  }

  #newText(id: string): string {
    return `idg_${id}_${this.#letters(SECRET_LETTERS, SECRET_LENGTH)}`
  }

  /** Letters drawn without bias: bytes beyond the last whole multiple of the alphabet are drawn again. */
  #letters(alphabet: string, length: number): string {
    const bytes = new Uint8Array(length * 2)
    const usable = 256 - (256 % alphabet.length)
    let text = ''
    while (text.length < length) {
      this.#options.random.fill(bytes)
      for (const byte of bytes)
        if (byte < usable && text.length < length) text += alphabet[byte % alphabet.length]
    }
    return text
  }
}

const ID_LETTERS = 'abcdefghijklmnopqrstuvwxyz0123456789'
const ID_LENGTH = 12
const SECRET_LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
/** 43 letters of 62 carry 256 bits. */
const SECRET_LENGTH = 43
const NAME_MAX = 200
const KEEP_PREVIOUS_MS = 86_400_000
/** Long enough for a change-over by hand; a secret that may have leaked should not live on for years. */
export const KEEP_PREVIOUS_MAX_MS = 90 * 86_400_000

/** What the audit log has of a key: what it may do and until when, and nothing of its secret. */
function described({
  name,
  scopes,
  within,
  expiresAt,
  declaredBy,
}: ApiKey): Readonly<Record<string, unknown>> {
  return {
    name,
    scopes,
    within,
    ...(expiresAt && { expiresAt: expiresAt.toISOString() }),
    ...(declaredBy && { declaredBy }),
  }
}

/** A key limited to a workspace belongs into what may be read of it in the audit log. */
function workspaceOf({ within }: ApiKey): string | undefined {
  return within.split('/')[0] || undefined
}

function checkRotation(keepMs: number): void {
  if (Number.isInteger(keepMs) && keepMs >= 0 && keepMs <= KEEP_PREVIOUS_MAX_MS) return
  const message = `must be 0 to ${KEEP_PREVIOUS_MAX_MS / 1000} seconds (90 days), not ${keepMs / 1000}`
  throw new IdgenError('IDGEN_REQUEST_INVALID', `/keepPreviousSeconds ${message}`, {
    faults: [{ path: '/keepPreviousSeconds', message }],
  })
}

function checkDraft(draft: KeyDraft, nowMs: number): void {
  const faults = []
  if (draft.name.trim() === '' || draft.name.length > NAME_MAX || /\p{Cc}/u.test(draft.name))
    faults.push({
      path: '/name',
      message: `must have 1 to ${NAME_MAX} characters, none of them a control character`,
    })
  if (draft.scopes.length === 0)
    faults.push({ path: '/scopes', message: `must name at least one of ${SCOPES.join(', ')}` })
  for (const scope of draft.scopes)
    if (!SCOPES.includes(scope))
      faults.push({ path: '/scopes', message: `knows ${SCOPES.join(', ')}, not ${JSON.stringify(scope)}` })
  if (draft.expiresAt !== undefined && !(draft.expiresAt.getTime() > nowMs))
    faults.push({ path: '/expiresAt', message: 'must be a time in the future' })
  if (faults.length > 0)
    throw new IdgenError('IDGEN_REQUEST_INVALID', faults.map((f) => `${f.path} ${f.message}`).join('; '), {
      faults,
    })
  if (draft.within !== '') {
    const parts = draft.within.split('/')
    if (parts.length > 3) {
      const message = `must be w, w/g or w/g/t, not ${JSON.stringify(draft.within.slice(0, 200))}`
      throw new IdgenError('IDGEN_REQUEST_INVALID', `/within ${message}`, {
        faults: [{ path: '/within', message }],
      })
    }
    for (const [index, part] of parts.entries())
      checkName(['workspace', 'group', 'tag'][index] ?? 'tag', part)
  }
}

function checkOwn({ id, sha256: digest, within, declaredBy }: OwnKeyDraft): void {
  const faults = []
  if (!/^[a-z0-9]{12}$/.test(id))
    faults.push({ path: '/id', message: `must be 12 of a-z 0-9, not ${JSON.stringify(id.slice(0, 40))}` })
  if (!/^[0-9a-f]{64}$/.test(digest))
    faults.push({ path: '/sha256', message: 'must be the SHA-256 of the key text, 64 of 0-9 a-f' })
  if (declaredBy !== undefined && within.split('/').length !== 3)
    faults.push({
      path: '/within',
      message: `must be the tag w/g/t that ${declaredBy} declares, not ${JSON.stringify(within)}`,
    })
  if (faults.length === 0) return
  throw new IdgenError('IDGEN_REQUEST_INVALID', faults.map((f) => `${f.path} ${f.message}`).join('; '), {
    faults,
  })
}
