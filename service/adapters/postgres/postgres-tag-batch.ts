import type { Kysely } from 'kysely'
import { type Declaration, refuseDeletion, tagDeclared } from '../../core/declaration.ts'
import { invariant } from '../../core/invariant.ts'
import { mappedRow, type RowResult, rowResult, valuesOf } from '../../core/row-result.ts'
import { type Tag, tagPath } from '../../core/tag.ts'
import type { NewTag, TagPublication, TagRef, TagRemains } from '../../ports/catalog-store.ts'
import type { Publishing, TagBatchStore, TagDeletion, TagUpdate } from '../../ports/tag-batch.ts'
import { checkVersion, groupNotFound, tagNotFound } from './catalog-records.ts'
import { nextRevision, noteTagChanges } from './catalog-revision.ts'
import type { PostgresDatabase } from './database.ts'
import { type DeclarationColumns, declarationIn, withDeclaration } from './declaration-records.ts'
import { markFreeOnes, markPublished, publicationsOfNames, remainsOfNames } from './exchanged-tags.ts'
import { groupIds, isNamed, pastOfNames, usedGenerations } from './named-tags.ts'
import { newTagRow } from './new-tag-row.ts'
import type { Session } from './session.ts'
import type { Tables } from './tables.ts'
import { buryTags, type GoingTag, noteDeletions, writeTags } from './tag-batch-writes.ts'
import type { TagRecordsOptions } from './tag-records.ts'
import { selectTagsAnywhere, type TagRow, tagOf } from './tag-row.ts'
import { refuseJoined } from './time-authority.ts'

/** A row that was looked at, and what is to be written of it. */
interface Planned<T> {
  readonly ref: TagRef
  readonly row: RowResult<T>
}

type KnownTag = TagRow & DeclarationColumns

/**
 * Many tags in as many statements as one of them: everybody else who changes the catalogue waits for the end of the
 * transaction, and the way to the database may be long. Under the lock of the counter nobody else writes what is read here,
 * so each row is decided from one look at all of them, and the statements that follow refuse none.
 */
export class PostgresTagBatch implements TagBatchStore {
  readonly #database: PostgresDatabase
  readonly #db: Kysely<Tables>
  readonly #alone: boolean

  constructor(database: PostgresDatabase, { alone = false }: TagRecordsOptions = {}) {
    this.#database = database
    this.#db = database.kysely
    this.#alone = alone
  }

  async findTags(refs: readonly TagRef[]): Promise<readonly (Tag | undefined)[]> {
    if (refs.length === 0) return []
    const rows = await this.#database.read('reading tags', selectTagsAnywhere(this.#db).where(isNamed(refs)))
    const found = new Map(rows.map((row) => [tagPath(row), tagOf(row)]))
    return refs.map((ref) => found.get(tagPath(ref)))
  }

  async findDeclarations(refs: readonly TagRef[]): Promise<readonly (Declaration | undefined)[]> {
    if (refs.length === 0) return []
    const tags = withDeclaration(selectTagsAnywhere(this.#db)).where(isNamed(refs))
    const rows = await this.#database.read('reading declarations of tags', tags)
    const found = new Map(rows.map((row) => [tagPath(row), declarationIn(row)]))
    return refs.map((ref) => found.get(tagPath(ref)))
  }

  async findRemains(refs: readonly TagRef[]): Promise<readonly TagRemains[]> {
    return refs.length === 0 ? [] : await remainsOfNames(this.#database, refs)
  }

  async findPublications(refs: readonly TagRef[]): Promise<readonly (TagPublication | undefined)[]> {
    return refs.length === 0 ? [] : await publicationsOfNames(this.#database, refs)
  }

  async markPublished(tags: readonly Publishing[]): Promise<void> {
    const doing = 'noting that tags were published'
    if (tags.length === 0) return
    const left = await this.#database.transaction(doing, (session) => markFreeOnes(session, this.#db, tags))
    for (const one of left)
      await this.#database.transaction(doing, (session) => markPublished(session, this.#db, one))
  }

  createTags(tags: readonly NewTag[]): Promise<readonly RowResult<Tag>[]> {
    return this.#write('creating tags', tags, async (session) => {
      if (this.#alone) await refuseJoined(session, this.#db)
      const groups = await groupIds(session, this.#db, tags)
      const pasts = await pastOfNames(session, this.#db, tags)
      const used = new Set(await usedGenerations(session, this.#db, tags))
      const planned = tags.map((tag) => ({
        ref: tag,
        row: rowResult(() => {
          const { workspace, group, generation } = tag
          const group_id = groups.get(`${workspace}/${group}`)
          if (group_id === undefined) throw groupNotFound(workspace, group)
          const past = pasts.get(tagPath(tag)) ?? UNUSED
          const row = newTagRow(tag, past, generation !== undefined && used.has(generation))
          // Two claims of one generation, where etcd was written by hand: the second one is refused, and not the whole batch.
          used.add(row.generation)
          return { ...row, group_id }
        }),
      }))
      const values = valuesOf(planned.map(({ row }) => row))
      const made = await this.#insert(session, values)
      return planned.map(({ ref, row }) => ({
        ref,
        row: mappedRow(row, (columns) => {
          const { workspace, group } = ref
          return tagOf({ ...columns, ...written(made, columns.id), workspace, group })
        }),
      }))
    })
  }

  updateTags(updates: readonly TagUpdate[]): Promise<readonly RowResult<Tag>[]> {
    const refs = updates.map(({ ref }) => ref)
    return this.#write('updating tags', refs, async (session) => {
      const known = await this.#known(session, refs)
      const planned = updates.map(({ ref, ifVersion, change }) => ({
        ref,
        row: rowResult(() => {
          const row = required(known, ref, ifVersion)
          const declaration = declarationIn(row)
          if (declaration !== undefined) throw tagDeclared(tagPath(ref), declaration.owner)
          const { displayName, chain, step } = { ...tagOf(row), ...change }
          const steps = { step_base: step.base, step_min: step.min, step_max: step.max }
          return { ...row, display_name: displayName, chain: [...chain], ...steps }
        }),
      }))
      const changed = await writeTags(session, this.#db, valuesOf(planned.map(({ row }) => row)))
      return planned.map(({ ref, row }) => ({
        ref,
        row: mappedRow(row, (columns) => tagOf({ ...columns, ...written(changed, columns.id) })),
      }))
    })
  }

  async beginDeletions(deletions: readonly TagDeletion[]): Promise<readonly RowResult<Tag>[]> {
    const refs = deletions.map(({ ref }) => ref)
    return await this.#transaction('beginning to delete tags', refs, async (session) => {
      await nextRevision(session, this.#db)
      const known = await this.#known(session, refs)
      const rows = deletions.map(({ ref, ifVersion }) =>
        rowResult(() => {
          const row = required(known, ref, ifVersion)
          refuseDeletion(tagPath(ref), declarationIn(row), undefined)
          return tagOf(row)
        }),
      )
      await noteDeletions(session, this.#db, valuesOf(rows))
      return rows
    })
  }

  deleteTags(deletions: readonly TagDeletion[]): Promise<readonly RowResult<void>[]> {
    const refs = deletions.map(({ ref }) => ref)
    return this.#write('deleting tags', refs, async (session) => {
      if (this.#alone) await refuseJoined(session, this.#db)
      const known = await this.#known(session, refs)
      const planned = deletions.map(({ ref, ifVersion, grave }) => ({
        ref,
        row: rowResult((): GoingTag => {
          const row = required(known, ref, ifVersion)
          if (grave === undefined) refuseDeletion(tagPath(ref), declarationIn(row), undefined)
          else if (grave.generation !== row.generation) throw tagNotFound(tagPath(ref))
          return { row, atLeast: grave?.atLeast ?? 0 }
        }),
      }))
      await buryTags(session, this.#db, valuesOf(planned.map(({ row }) => row)))
      return planned.map(({ ref, row }) => ({ ref, row: mappedRow(row, () => undefined) }))
    })
  }

  /** With a revision for each row, which is noted where it was not refused. */
  #write<T>(
    doing: string,
    refs: readonly TagRef[],
    work: (session: Session) => Promise<readonly Planned<T>[]>,
  ): Promise<readonly RowResult<T>[]> {
    return this.#transaction(doing, refs, async (session) => {
      const last = await nextRevision(session, this.#db, refs.length)
      const done = await work(session)
      const changes = done.map(({ ref, row }, at) => ({
        path: tagPath(ref),
        revision: last - at,
        isChanged: 'value' in row,
      }))
      await noteTagChanges(
        session,
        this.#db,
        changes.filter(({ isChanged }) => isChanged),
      )
      return done.map(({ row }) => row)
    })
  }

  async #transaction<T>(
    doing: string,
    refs: readonly TagRef[],
    work: (session: Session) => Promise<readonly RowResult<T>[]>,
  ): Promise<readonly RowResult<T>[]> {
    invariant(new Set(refs.map(tagPath)).size === refs.length, 'a batch names no tag twice')
    return refs.length === 0 ? [] : await this.#database.transaction(doing, work)
  }

  async #known(session: Session, refs: readonly TagRef[]): Promise<ReadonlyMap<string, KnownTag>> {
    const rows = await session.rows(withDeclaration(selectTagsAnywhere(this.#db)).where(isNamed(refs)))
    return new Map(rows.map((row) => [tagPath(row), row]))
  }

  async #insert(session: Session, values: readonly (ReturnType<typeof newTagRow> & { group_id: number })[]) {
    if (values.length === 0) return NOTHING
    const rows = await session.rows(
      this.#db
        .insertInto('biz_tags')
        .values([...values])
        .returning(['id', 'version', 'created_at', 'updated_at']),
    )
    return new Map(rows.map((row) => [row.id, row]))
  }
}

/** @throws IDGEN_TAG_NOT_FOUND, IDGEN_VERSION_MISMATCH */
function required(
  known: ReadonlyMap<string, KnownTag>,
  ref: TagRef,
  ifVersion: number | undefined,
): KnownTag {
  const path = tagPath(ref)
  const row = known.get(path)
  if (row === undefined) throw tagNotFound(path)
  checkVersion(path, row.version, ifVersion)
  return row
}

function written<R>(rows: ReadonlyMap<number, R>, id: number): R {
  const row = rows.get(id)
  invariant(row !== undefined, 'a statement answers with each row that it wrote')
  return row
}

const UNUSED = { lives: false, used: false, high: 0 }
const NOTHING: ReadonlyMap<number, { version: number; created_at: Date; updated_at: Date }> = new Map()
