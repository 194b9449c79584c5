import { refuseKey } from '../../core/declaration.ts'
import { IdgenError } from '../../core/errors.ts'
import { isWithin } from '../../core/tag-path.ts'
import {
  type ApiKey,
  type ApiKeyStore,
  type KeyPageRequest,
  type KeyPut,
  type NewSecret,
  withNewSecret,
} from '../../ports/api-key-store.ts'
import type { Page } from '../../ports/catalog-store.ts'
import type { MemoryCatalog } from './memory-catalog.ts'
import { pageOf } from './memory-page.ts'

export class MemoryApiKeyStore implements ApiKeyStore {
  readonly #catalog: MemoryCatalog

  constructor(catalog: MemoryCatalog) {
    this.#catalog = catalog
  }

  async create(key: ApiKey): Promise<void> {
    if (this.#catalog.keys.has(key.id))
      throw new IdgenError('IDGEN_ALREADY_EXISTS', `There is a key ${key.id} already.`)
    this.#catalog.keys.set(key.id, { ...key, hash: new Uint8Array(key.hash), scopes: [...key.scopes] })
    this.#catalog.changed('key', key.id)
  }

  async put(key: ApiKey, mayReplace: (existing: ApiKey) => void): Promise<KeyPut> {
    const existing = this.#catalog.keys.get(key.id)
    if (existing === undefined) {
      this.#refuseUndeclared(key)
      await this.create(key)
      return { key, outcome: 'created' }
    }
    mayReplace(existing)
    if (existing.revokedAt !== undefined)
      throw new IdgenError('IDGEN_KEY_REVOKED', `The key ${key.id} was revoked for good.`)
    this.#refuseUndeclared(key)
    const next = { ...key, createdAt: existing.createdAt }
    if (textOf(next) === textOf(existing)) return { key: existing, outcome: 'same' }
    this.#catalog.keys.set(key.id, next)
    this.#catalog.changed('key', key.id)
    return { key: next, outcome: 'replaced' }
  }

  async find(id: string): Promise<ApiKey | undefined> {
    return this.#catalog.keys.get(id)
  }

  async list(page: KeyPageRequest, within: string): Promise<Page<ApiKey>> {
    const reached = [...this.#catalog.keys.values()].filter(
      (key) => isWithin(key.within, within) && isWanted(key, page),
    )
    return pageOf(reached, page, (key) => key.id)
  }

  async rotate(id: string, secret: NewSecret, mayRotate: (existing: ApiKey) => void): Promise<ApiKey> {
    const key = this.#catalog.keys.get(id)
    if (key === undefined) throw new IdgenError('IDGEN_KEY_NOT_FOUND', `There is no API key ${id}.`)
    mayRotate(key)
    if (key.revokedAt !== undefined)
      throw new IdgenError('IDGEN_KEY_REVOKED', `The API key ${id} was revoked for good.`)
    const rotated = withNewSecret(key, secret)
    this.#catalog.keys.set(id, rotated)
    this.#catalog.changed('key', id)
    return rotated
  }

  async revoke(id: string, at: Date): Promise<ApiKey> {
    const key = this.#catalog.keys.get(id)
    if (key === undefined) throw new IdgenError('IDGEN_KEY_NOT_FOUND', `There is no API key ${id}.`)
    const revoked = { ...key, revokedAt: key.revokedAt ?? at }
    this.#catalog.keys.set(id, revoked)
    this.#catalog.changed('key', id)
    return revoked
  }

  #refuseUndeclared({ within, declaredBy }: ApiKey): void {
    if (declaredBy === undefined) return
    const tag = this.#catalog.tags.get(within)
    refuseKey(within, tag && this.#catalog.declarations.get(tag.id), declaredBy)
  }
}

function isWanted({ id, name, within, revokedAt, expiresAt }: ApiKey, page: KeyPageRequest): boolean {
  const { text = '', validAt } = page
  const wanted = text.toLowerCase()
  if (![name.toLowerCase(), id, within].some((one) => one.includes(wanted))) return false
  if (validAt === undefined) return true
  return revokedAt === undefined && (expiresAt === undefined || expiresAt.getTime() > validAt.getTime())
}

/** In one order, whatever the caller's. */
function textOf({ name, hash, scopes, within, expiresAt, declaredBy, previous }: ApiKey): string {
  const before = previous && [[...previous.hash], previous.until]
  return JSON.stringify([name, [...hash], scopes, within, expiresAt, declaredBy, before])
}
