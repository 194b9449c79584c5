import { type Kysely, sql } from 'kysely'
import { type Tag, tagPath } from '../../core/tag.ts'
import { sameSpace } from '../../core/tag-record.ts'
import type {
  NameGrave,
  SharedTag,
  TagImport,
  TagPublication,
  TagRef,
  TagRemains,
} from '../../ports/catalog-store.ts'
import { spaceMismatch } from './catalog-records.ts'
import { noteChange, writeCatalog } from './catalog-revision.ts'
import type { PostgresDatabase } from './database.ts'
import {
  markPublished,
  NOTHING_LEFT,
  publicationOf,
  remainsOfNames,
  withPublication,
} from './exchanged-tags.ts'
import type { Session } from './session.ts'
import type { Tables } from './tables.ts'
import type { TagRecords } from './tag-records.ts'
import { selectTags, selectTagsAnywhere, tagOf } from './tag-row.ts'

/** The part of PostgresCatalogStore that the exchange with the coordinator needs. */
export class TagExchange {
  readonly #database: PostgresDatabase
  readonly #db: Kysely<Tables>
  readonly #tags: TagRecords

  constructor(database: PostgresDatabase, tags: TagRecords) {
    this.#database = database
    this.#db = database.kysely
    this.#tags = tags
  }

  async find(ref: TagRef): Promise<TagPublication | undefined> {
    const query = this.#published(ref)
    const [row] = await this.#database.read('reading a tag', query)
    return row === undefined ? undefined : publicationOf(row)
  }

  async list(afterId: number, limit: number): Promise<readonly TagPublication[]> {
    const rows = await this.#database.read(
      'listing tags',
      withPublication(selectTagsAnywhere(this.#db)).where('t.id', '>', afterId).orderBy('t.id').limit(limit),
    )
    return rows.map(publicationOf)
  }

  markPublished(tag: Pick<Tag, 'id' | 'generation'>, revision: number): Promise<void> {
    return this.#database.transaction('noting that a tag was published', (session) =>
      markPublished(session, this.#db, { tag, revision }),
    )
  }

  import(shared: SharedTag, revision: number): Promise<TagImport | undefined> {
    return writeCatalog(this.#database, 'importing a tag', async (session, change) => {
      const row = await session.first(this.#published(shared))
      const before = row === undefined ? undefined : tagOf(row)
      if (before !== undefined && !sameNumbers(before, shared)) throw spaceMismatch(tagPath(shared))
      if (row !== undefined && row.config_revision >= revision) return undefined
      if (before === undefined) await this.#make(session, shared)
      else {
        const { displayName, chain, step } = shared
        await this.#tags.write(session, before, { displayName, chain, step })
      }
      await noteChange(session, this.#db, { kind: 'tag', subject: tagPath(shared), revision: change })
      const after = tagOf(await this.#tags.required(session, shared, undefined))
      await markPublished(session, this.#db, { tag: after, revision })
      return { before, after }
    })
  }

  async remains(ref: TagRef): Promise<TagRemains> {
    const [remains = NOTHING_LEFT] = await remainsOfNames(this.#database, [ref])
    return remains
  }

  async graves(afterPath: string, limit: number): Promise<readonly NameGrave[]> {
    // Names sort by bytes (COLLATE "C"), and so does what is put together of them.
    const path = sql<string>`w.name || '/' || g.name || '/' || t.name`
    return await this.#database.read(
      'listing the names of deleted tags',
      this.#db
        .selectFrom('biz_tags as t')
        .innerJoin('groups as g', 'g.id', 't.group_id')
        .innerJoin('workspaces as w', 'w.id', 'g.workspace_id')
        .select(path.as('path'))
        .select(sql<string>`(array_agg(t.generation ORDER BY t.deleted_at DESC))[1]`.as('generation'))
        .select(sql<number>`max(t.high_water)`.as('highWater'))
        .where('t.deleted_at', 'is not', null)
        .where(path, '>', afterPath)
        .groupBy(path)
        .orderBy(path)
        .limit(limit),
    )
  }

  async #make(session: Session, shared: SharedTag): Promise<void> {
    const { workspace, group } = shared
    const made = await session.first(
      this.#db.selectFrom('workspaces').select('id').where('name', '=', workspace).where(LIVE),
    )
    const workspaceId = made?.id ?? (await this.#makeWorkspace(session, workspace))
    const groups = this.#db.selectFrom('groups').select('id').where('workspace_id', '=', workspaceId)
    if ((await session.first(groups.where('name', '=', group).where(LIVE))) === undefined)
      await session.write(
        this.#db.insertInto('groups').values({ workspace_id: workspaceId, name: group, display_name: '' }),
      )
    await this.#tags.insert(session, shared)
  }

  async #makeWorkspace(session: Session, name: string): Promise<number> {
    const [made] = await session.rows(
      this.#db.insertInto('workspaces').values({ name, display_name: '' }).returning('id'),
    )
    return made?.id ?? 0
  }

  #published(ref: TagRef) {
    return withPublication(selectTags(this.#db, ref)).where('t.name', '=', ref.name)
  }
}

const LIVE = sql<boolean>`deleted_at IS NULL`

function sameNumbers(tag: Tag, shared: SharedTag): boolean {
  return tag.generation === shared.generation && sameSpace(tag.space, shared.space)
}
