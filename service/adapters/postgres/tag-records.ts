import { type Kysely, sql, type Updateable } from 'kysely'
import { type Declaration, refuseDeletion, settleDeclaration, tagDeclared } from '../../core/declaration.ts'
import { invariant } from '../../core/invariant.ts'
import { type Tag, tagPath } from '../../core/tag.ts'
import type { NewTag, Page, PageRequest, TagChange, TagGrave, TagRef } from '../../ports/catalog-store.ts'
import { checkVersion, pageOf, tagNotFound } from './catalog-records.ts'
import { noteChange, writeCatalog } from './catalog-revision.ts'
import type { PostgresDatabase } from './database.ts'
import { declarationOf, isOver, releaseDeclaration, writeDeclaration } from './declaration-records.ts'
import { endKeysOf, endKeysOfOthers } from './declared-keys.ts'
import { endDeletion, noteDeletion } from './deletion-records.ts'
import { graveMark } from './grave-mark.ts'
import type { GroupRecords } from './group-records.ts'
import { type NamePast, newTagRow } from './new-tag-row.ts'
import type { Session } from './session.ts'
import type { BizTagsTable, Tables } from './tables.ts'
import { selectTags, type TagRow, tagOf } from './tag-row.ts'
import { refuseJoined } from './time-authority.ts'

export interface TagRecordsOptions {
  /** This process is configured without etcd: it makes and deletes tags only where no etcd has a say in them. */
  readonly alone?: boolean
}

/** The tags' part of PostgresCatalogStore. */
export class TagRecords {
  readonly #database: PostgresDatabase
  readonly #alone: boolean
  readonly #db: Kysely<Tables>
  readonly #groups: GroupRecords

  constructor(database: PostgresDatabase, groups: GroupRecords, { alone = false }: TagRecordsOptions = {}) {
    this.#database = database
    this.#alone = alone
    this.#db = database.kysely
    this.#groups = groups
  }

  create(tag: NewTag, declaration?: Declaration): Promise<Tag> {
    return writeCatalog(this.#database, 'creating a tag', async (session, revision) => {
      if (this.#alone) await refuseJoined(session, this.#db)
      const made = await this.insert(session, tag)
      await noteChange(session, this.#db, { kind: 'tag', subject: tagPath(tag), revision })
      if (declaration !== undefined) await this.#declareNew(session, made, declaration)
      return made
    })
  }

  /**
   * In few statements: whoever else changes the catalogue waits for the end of the transaction, and each is a way there
   * and back.
   * @throws IDGEN_ALREADY_EXISTS, IDGEN_SPACE_MISMATCH, IDGEN_RANGE_EXHAUSTED, IDGEN_GROUP_NOT_FOUND
   */
  async insert(session: Session, tag: NewTag): Promise<Tag> {
    const { workspace, group } = tag
    const { id: group_id } = await this.#groups.required(session, workspace, group, undefined)
    const past = await this.#past(session, tag)
    const values = newTagRow(tag, past, await this.#generationUsed(session, tag))
    const made = await session.first(
      this.#db
        .insertInto('biz_tags')
        .values({ ...values, group_id })
        .returning(['version', 'created_at', 'updated_at']),
    )
    invariant(made !== undefined, 'an INSERT of one row answers with it')
    return tagOf({ ...values, ...made, workspace, group })
  }

  async find(ref: TagRef): Promise<Tag | undefined> {
    const query = selectTags(this.#db, ref).where('t.name', '=', ref.name)
    const [row] = await this.#database.read('reading a tag', query)
    return row === undefined ? undefined : tagOf(row)
  }

  async list(workspace: string, group: string, page: PageRequest): Promise<Page<Tag>> {
    const rows = await this.#database.read(
      'listing tags',
      selectTags(this.#db, { workspace, group })
        .where('t.name', '>', page.after ?? '')
        .orderBy('t.name')
        .limit(page.limit + 1),
    )
    return pageOf(rows, page, tagOf, (row) => row.name)
  }

  update(ref: TagRef, change: TagChange, ifVersion: number | undefined): Promise<Tag> {
    return writeCatalog(this.#database, 'updating a tag', async (session, revision) => {
      const row = await this.required(session, ref, ifVersion)
      const declaration = await declarationOf(session, this.#db, row.id)
      if (declaration !== undefined) throw tagDeclared(tagPath(ref), declaration.owner)
      await this.write(session, row, change)
      await noteChange(session, this.#db, { kind: 'tag', subject: tagPath(ref), revision })
      return tagOf(await this.required(session, ref, undefined))
    })
  }

  async write(
    session: Session,
    { id, version }: { readonly id: number; readonly version: number },
    change: TagChange,
  ): Promise<void> {
    await session.write(
      this.#db
        .updateTable('biz_tags')
        .set({ ...columnsOf(change), version: version + 1, updated_at: sql`clock_timestamp()` })
        .where('id', '=', id),
    )
  }

  beginDeletion(ref: TagRef, ifVersion: number | undefined, owner: string | undefined): Promise<Tag> {
    return writeCatalog(this.#database, 'beginning to delete a tag', async (session) => {
      const row = await this.required(session, ref, ifVersion)
      refuseDeletion(tagPath(ref), await declarationOf(session, this.#db, row.id), owner)
      await noteDeletion(session, this.#db, row.id, owner)
      return tagOf(row)
    })
  }

  /**
   * Locks the tag FOR UPDATE, which waits for allocations that hold it FOR KEY SHARE, and only then reads how far
   * they got: the high water misses none of them, and later ones find no live tag.
   */
  delete(
    ref: TagRef,
    ifVersion: number | undefined,
    grave: TagGrave | undefined,
    owner: string | undefined,
  ): Promise<void> {
    return writeCatalog(this.#database, 'deleting a tag', async (session, revision) => {
      if (this.#alone) await refuseJoined(session, this.#db)
      const tag = await this.required(session, ref, ifVersion)
      const { id, generation } = tag
      if (grave !== undefined && grave.generation !== generation) throw tagNotFound(tagPath(ref))
      if (grave === undefined) refuseDeletion(tagPath(ref), await declarationOf(session, this.#db, id), owner)
      await session.rows(this.#db.selectFrom('biz_tags').select('id').where('id', '=', id).forUpdate())
      const rows = await session.rows(
        this.#db.selectFrom('segments').select(['dc', 'next_value', 'ceiling']).where('tag_id', '=', id),
      )
      await session.write(
        this.#db
          .updateTable('biz_tags')
          .set({
            deleted_at: sql`clock_timestamp()`,
            high_water: graveMark(tag, rows, grave?.atLeast ?? 0),
          })
          .where('id', '=', id),
      )
      const going = (await endDeletion(session, this.#db, id)) ?? owner
      if (going !== undefined) {
        await releaseDeclaration(session, this.#db, id, going)
        await endKeysOf(session, this.#db, going)
      }
      await noteChange(session, this.#db, { kind: 'tag', subject: tagPath(ref), revision })
    })
  }

  async #declareNew(session: Session, tag: Tag, wanted: Declaration): Promise<void> {
    const { uid } = wanted.owner
    const over = await isOver(session, this.#db, uid)
    settleDeclaration(tagPath(tag), { declaration: undefined, over }, wanted)
    await writeDeclaration(session, this.#db, tag.id, wanted)
    // Of a tag of this name that another database deleted while its object was there.
    await endKeysOfOthers(session, this.#db, tagPath(tag), uid)
  }

  async #past(session: Session, ref: TagRef): Promise<NamePast> {
    const found = await session.first(
      this.#db
        .selectFrom('biz_tags as t')
        .innerJoin('groups as g', 'g.id', 't.group_id')
        .innerJoin('workspaces as w', 'w.id', 'g.workspace_id')
        // Only a live group of a live workspace has live tags, and only a deleted tag has a high water.
        .select(sql<boolean | null>`bool_or(t.deleted_at IS NULL)`.as('lives'))
        .select((eb) => eb.fn.max('t.high_water').as('high'))
        .where('w.name', '=', ref.workspace)
        .where('g.name', '=', ref.group)
        .where('t.name', '=', ref.name),
    )
    const high = found?.high ?? undefined
    return { lives: found?.lives === true, used: high !== undefined, high: high ?? 0 }
  }

  async #generationUsed(session: Session, { generation }: NewTag): Promise<boolean> {
    if (generation === undefined) return false
    const of = this.#db.selectFrom('biz_tags').select('id').where('generation', '=', generation)
    return (await session.first(of)) !== undefined
  }

  #find(session: Session, ref: TagRef): Promise<TagRow | undefined> {
    return session.first(selectTags(this.#db, ref).where('t.name', '=', ref.name))
  }

  /** @throws IDGEN_TAG_NOT_FOUND, IDGEN_VERSION_MISMATCH */
  async required(session: Session, ref: TagRef, ifVersion: number | undefined): Promise<TagRow> {
    const row = await this.#find(session, ref)
    if (row === undefined) throw tagNotFound(tagPath(ref))
    checkVersion(tagPath(ref), row.version, ifVersion)
    return row
  }
}

function columnsOf(change: TagChange): Updateable<BizTagsTable> {
  return {
    ...(change.displayName === undefined ? {} : { display_name: change.displayName }),
    ...(change.chain === undefined ? {} : { chain: [...change.chain] }),
    ...(change.step === undefined
      ? {}
      : { step_base: change.step.base, step_min: change.step.min, step_max: change.step.max }),
  }
}
