import { type Kysely, sql } from 'kysely'
import { settleDeclaration, tagClaimed, type WantedDeclaration } from '../../core/declaration.ts'
import { STEP_MAX, tagPath } from '../../core/tag.ts'
import type { Page, PageRequest, TagChange, TagRef } from '../../ports/catalog-store.ts'
import type {
  DeclarationStore,
  DeclaredChange,
  DeclaredTag,
  ForgottenDeclaration,
  ReleasedDeclaration,
  SegmentPlace,
} from '../../ports/declaration-store.ts'
import { pageOf, tagNotFound } from './catalog-records.ts'
import { noteChange, writeCatalog } from './catalog-revision.ts'
import type { PostgresDatabase } from './database.ts'
import {
  type DeclarationColumns,
  declarationIn,
  declarationOf,
  forgetDeclarations,
  isOver,
  releaseDeclaration,
  releasedBy,
  withDeclaration,
  writeDeclaration,
} from './declaration-records.ts'
import { endKeysOf, endKeysOfOthers, validKeysOf } from './declared-keys.ts'
import { isDeleting } from './deletion-records.ts'
import { GroupRecords } from './group-records.ts'
import type { Tables } from './tables.ts'
import { TagRecords } from './tag-records.ts'
import { selectTags, selectTagsAnywhere, type TagRow, tagOf } from './tag-row.ts'

export class PostgresDeclarationStore implements DeclarationStore {
  readonly #database: PostgresDatabase
  readonly #db: Kysely<Tables>
  readonly #tags: TagRecords

  constructor(database: PostgresDatabase) {
    this.#database = database
    this.#db = database.kysely
    this.#tags = new TagRecords(database, new GroupRecords(database))
  }

  async find(ref: TagRef): Promise<DeclaredTag | undefined> {
    const query = withDeclaration(selectTags(this.#db, ref)).where('t.name', '=', ref.name)
    const rows = await this.#database.read('reading who declares a tag', query)
    return (await this.#withPlaces(rows))[0]
  }

  async list(cluster: string | undefined, page: PageRequest): Promise<Page<DeclaredTag>> {
    // Names sort by bytes (COLLATE "C"), and so does what is put together of them.
    const path = sql<string>`w.name || '/' || g.name || '/' || t.name`
    const declared = withDeclaration(selectTagsAnywhere(this.#db)).where('d.tag_id', 'is not', null)
    const within = cluster === undefined ? declared : declared.where('d.cluster', '=', cluster)
    const rows = await this.#database.read(
      'listing declared tags',
      within
        .where(path, '>', page.after ?? '')
        .orderBy(path)
        .limit(page.limit + 1),
    )
    const { items, next } = pageOf(rows, page, (row) => row, tagPath)
    return { items: await this.#withPlaces(items), next }
  }

  async isOver(uid: string): Promise<boolean> {
    const rows = await this.#database.read('reading who gave a declaration up', releasedBy(this.#db, uid))
    return rows.length > 0
  }

  async remembersGrant(tagId: number, dc: number, end: number): Promise<boolean> {
    const rows = await this.#database.read(
      'reading the log of allocations',
      this.#db
        .selectFrom('segment_allocations')
        .select('hi')
        .where('tag_id', '=', tagId)
        .where('dc', '=', dc)
        // No grant is longer; so the index bounds what is read.
        .where('lo', '>=', end - STEP_MAX)
        .where('hi', '>=', end)
        .limit(1),
    )
    return rows.length > 0
  }

  declare(
    ref: TagRef,
    generation: string,
    wanted: WantedDeclaration,
    change: TagChange | undefined,
  ): Promise<DeclaredChange> {
    return writeCatalog(this.#database, 'declaring a tag', async (session, revision) => {
      const row = await this.#tags.required(session, ref, undefined)
      if (row.generation !== generation || (await isDeleting(session, this.#db, row.id)))
        throw tagNotFound(tagPath(ref))
      const declaration = await declarationOf(session, this.#db, row.id)
      const over = await isOver(session, this.#db, wanted.owner.uid)
      const taken = settleDeclaration(tagPath(ref), { declaration, over }, wanted)
      const { uid } = wanted.owner
      const isNew = taken && declaration?.owner.uid !== uid
      if (taken) await writeDeclaration(session, this.#db, row.id, wanted)
      const endedKeys = isNew ? await endKeysOfOthers(session, this.#db, tagPath(ref), uid) : []
      const before = tagOf(row)
      if (change === undefined) return { before, after: before, declaredBefore: declaration, endedKeys }
      await this.#tags.write(session, row, change)
      await noteChange(session, this.#db, { kind: 'tag', subject: tagPath(ref), revision })
      const after = tagOf(await this.#tags.required(session, ref, undefined))
      return { before, after, declaredBefore: declaration, endedKeys }
    })
  }

  release(ref: TagRef, uid: string): Promise<ReleasedDeclaration | undefined> {
    return writeCatalog(this.#database, 'giving a declaration up', async (session) => {
      const query = withDeclaration(selectTags(this.#db, ref)).where('t.name', '=', ref.name)
      const row = await session.first(query)
      const declaration = row === undefined ? undefined : declarationIn(row)
      if (row === undefined || declaration === undefined) return undefined
      if (declaration.owner.uid !== uid) throw tagClaimed(tagPath(ref), declaration.owner)
      await releaseDeclaration(session, this.#db, row.id, uid)
      return { declaration, endedKeys: await endKeysOf(session, this.#db, uid) }
    })
  }

  end(uid: string): Promise<void> {
    // In the order of declarations: one that was under way is in force when this returns, and none comes after it.
    return writeCatalog(this.#database, 'ending an object that declared nothing', async (session) => {
      const past = this.#db.insertInto('past_declarations').values({ uid, tag_id: null })
      await session.write(past.onConflict((conflict) => conflict.doNothing()))
      // Another database may have deleted its tag, and the declaration with it.
      await endKeysOf(session, this.#db, uid)
    })
  }

  forget(ref: TagRef): Promise<ForgottenDeclaration> {
    return writeCatalog(this.#database, 'forgetting a declaration', async (session) => {
      const { id } = await this.#tags.required(session, ref, undefined)
      const declaration = await declarationOf(session, this.#db, id)
      await forgetDeclarations(session, this.#db, id)
      return { declaration, validKeys: await validKeysOf(session, this.#db, tagPath(ref)) }
    })
  }

  async #withPlaces(rows: readonly (TagRow & DeclarationColumns)[]): Promise<DeclaredTag[]> {
    const places = new Map<number, SegmentPlace[]>(rows.map(({ id }) => [id, []]))
    if (rows.length > 0)
      for (const { tag_id, dc, cell, next_value } of await this.#database.read(
        'reading how far tags got',
        this.#db
          .selectFrom('segments')
          .select(['tag_id', 'dc', 'cell', 'next_value'])
          .where('tag_id', 'in', [...places.keys()])
          .orderBy('dc'),
      ))
        places.get(tag_id)?.push({ dc, cell, nextValue: next_value })
    return rows.map((row) => ({
      tag: tagOf(row),
      declaration: declarationIn(row),
      places: places.get(row.id) ?? [],
    }))
  }
}
