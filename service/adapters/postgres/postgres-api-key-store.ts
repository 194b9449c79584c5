import { type Selectable, sql } from 'kysely'
import { IdgenError } from '../../core/errors.ts'
import {
  type ApiKey,
  type ApiKeyStore,
  type KeyPageRequest,
  type KeyPut,
  type NewSecret,
  withNewSecret,
} from '../../ports/api-key-store.ts'
import type { Page } from '../../ports/catalog-store.ts'
import { isInText, nameTaken, pageOf } from './catalog-records.ts'
import { noteChange, writeCatalog } from './catalog-revision.ts'
import type { PostgresDatabase } from './database.ts'
import { refuseUndeclared } from './declared-keys.ts'
import type { ApiKeysTable } from './tables.ts'

export class PostgresApiKeyStore implements ApiKeyStore {
  readonly #database: PostgresDatabase

  constructor(database: PostgresDatabase) {
    this.#database = database
  }

  create(key: ApiKey): Promise<void> {
    const db = this.#database.kysely
    return writeCatalog(this.#database, 'creating an API key', async (session, revision) => {
      const made = await session.write(
        db
          .insertInto('api_keys')
          .values(columnsOf(key))
          .onConflict((conflict) => conflict.column('id').doNothing()),
      )
      if (made === 0) throw nameTaken('key', key.id)
      await noteChange(session, db, { kind: 'key', subject: key.id, revision })
    })
  }

  put(key: ApiKey, mayReplace: (existing: ApiKey) => void): Promise<KeyPut> {
    const db = this.#database.kysely
    return writeCatalog(this.#database, 'putting an API key', async (session, revision) => {
      const row = await session.first(db.selectFrom('api_keys').selectAll().where('id', '=', key.id))
      const existing = row === undefined ? undefined : keyOf(row)
      if (existing !== undefined) mayReplace(existing)
      if (existing?.revokedAt !== undefined) throw keyRevoked(key.id)
      await refuseUndeclared(session, db, key)
      const next = { ...key, createdAt: existing?.createdAt ?? key.createdAt }
      if (existing !== undefined && sameKey(existing, next)) return { key: existing, outcome: 'same' }
      const { id, ...columns } = columnsOf(next)
      await session.write(
        db
          .insertInto('api_keys')
          .values({ id, ...columns })
          .onConflict((conflict) => conflict.column('id').doUpdateSet(columns)),
      )
      await noteChange(session, db, { kind: 'key', subject: key.id, revision })
      return { key: next, outcome: existing === undefined ? 'created' : 'replaced' }
    })
  }

  async find(id: string): Promise<ApiKey | undefined> {
    const query = this.#database.kysely.selectFrom('api_keys').selectAll().where('id', '=', id)
    const [row] = await this.#database.read('reading an API key', query)
    return row === undefined ? undefined : keyOf(row)
  }

  async list(page: KeyPageRequest, within: string): Promise<Page<ApiKey>> {
    const { text = '', validAt } = page
    let query = this.#database.kysely
      .selectFrom('api_keys')
      .selectAll()
      .where('id', '>', page.after ?? '')
      .orderBy('id')
      .limit(page.limit + 1)
    if (within !== '')
      query = query.where((eb) =>
        eb.or([
          eb('within', '=', within),
          eb(eb.fn('starts_with', ['within', eb.val(`${within}/`)]), '=', true),
        ]),
      )
    const wanted = text.toLowerCase()
    if (wanted !== '')
      query = query.where(
        sql<boolean>`(${isInText('name', text)} OR strpos(${sql.ref('id')}, ${wanted}) > 0 OR strpos(${sql.ref('within')}, ${wanted}) > 0)`,
      )
    if (validAt !== undefined)
      query = query
        .where('revoked_at', 'is', null)
        .where((eb) => eb.or([eb('expires_at', 'is', null), eb('expires_at', '>', validAt)]))
    return pageOf(await this.#database.read('listing API keys', query), page, keyOf, (row) => row.id)
  }

  rotate(id: string, secret: NewSecret, mayRotate: (existing: ApiKey) => void): Promise<ApiKey> {
    const db = this.#database.kysely
    return writeCatalog(this.#database, 'giving an API key another secret', async (session, revision) => {
      const row = await session.first(db.selectFrom('api_keys').selectAll().where('id', '=', id))
      if (row === undefined) throw new IdgenError('IDGEN_KEY_NOT_FOUND', `There is no API key ${id}.`)
      const existing = keyOf(row)
      mayRotate(existing)
      if (existing.revokedAt !== undefined) throw keyRevoked(id)
      const rotated = withNewSecret(existing, secret)
      const { id: _, ...columns } = columnsOf(rotated)
      await session.write(db.updateTable('api_keys').set(columns).where('id', '=', id))
      await noteChange(session, db, { kind: 'key', subject: id, revision })
      return rotated
    })
  }

  revoke(id: string, at: Date): Promise<ApiKey> {
    const db = this.#database.kysely
    return writeCatalog(this.#database, 'revoking an API key', async (session, revision) => {
      const row = await session.first(
        db
          .updateTable('api_keys')
          .set((eb) => ({ revoked_at: eb.fn.coalesce('revoked_at', eb.val(at)) }))
          .where('id', '=', id)
          .returningAll(),
      )
      if (row === undefined) throw new IdgenError('IDGEN_KEY_NOT_FOUND', `There is no API key ${id}.`)
      await noteChange(session, db, { kind: 'key', subject: id, revision })
      return keyOf(row)
    })
  }
}

function columnsOf(key: ApiKey) {
  return {
    id: key.id,
    name: key.name,
    hash: key.hash,
    scopes: [...key.scopes],
    within: key.within,
    created_at: key.createdAt,
    expires_at: key.expiresAt ?? null,
    revoked_at: key.revokedAt ?? null,
    declared_by: key.declaredBy ?? null,
    previous_hash: key.previous?.hash ?? null,
    previous_until: key.previous?.until ?? null,
  }
}

function keyRevoked(id: string): IdgenError {
  return new IdgenError('IDGEN_KEY_REVOKED', `The API key ${id} was revoked for good.`)
}

function sameKey(a: ApiKey, b: ApiKey): boolean {
  return JSON.stringify(columnsOf(a)) === JSON.stringify(columnsOf(b))
}

function keyOf(row: Selectable<ApiKeysTable>): ApiKey {
  const { previous_hash, previous_until } = row
  return {
    id: row.id,
    name: row.name,
    // A plain copy: pg's Buffer is a view into the whole network message and would keep it alive in caches.
    hash: new Uint8Array(row.hash),
    scopes: row.scopes,
    within: row.within,
    createdAt: row.created_at,
    expiresAt: row.expires_at ?? undefined,
    revokedAt: row.revoked_at ?? undefined,
    ...(row.declared_by === null ? {} : { declaredBy: row.declared_by }),
    ...(previous_hash === null || previous_until === null
      ? {}
      : { previous: { hash: new Uint8Array(previous_hash), until: previous_until } }),
  }
}
