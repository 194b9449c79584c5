import { type Kysely, sql } from 'kysely'
import type { Group, NamedPageRequest, Page } from '../../ports/catalog-store.ts'
import {
  checkVersion,
  groupNotFound,
  isNamed,
  nameTaken,
  notEmpty,
  pageOf,
  workspaceNotFound,
} from './catalog-records.ts'
import { writeCatalog } from './catalog-revision.ts'
import type { PostgresDatabase } from './database.ts'
import type { Session } from './session.ts'
import type { Tables } from './tables.ts'

interface GroupRow {
  readonly id: number
  readonly workspace: string
  readonly name: string
  readonly display_name: string
  readonly version: number
  readonly created_at: Date
  readonly updated_at: Date
}

/** The groups' part of PostgresCatalogStore. */
export class GroupRecords {
  readonly #database: PostgresDatabase
  readonly #db: Kysely<Tables>

  constructor(database: PostgresDatabase) {
    this.#database = database
    this.#db = database.kysely
  }

  create(workspace: string, name: string, displayName: string): Promise<Group> {
    return writeCatalog(this.#database, 'creating a group', async (session) => {
      const parent = await session.first(
        this.#db
          .selectFrom('workspaces')
          .select('id')
          .where('name', '=', workspace)
          .where('deleted_at', 'is', null),
      )
      if (parent === undefined) throw workspaceNotFound(workspace)
      if ((await this.#find(session, workspace, name)) !== undefined)
        throw nameTaken('group', `${workspace}/${name}`)
      const values = { workspace_id: parent.id, name, display_name: displayName }
      await session.write(this.#db.insertInto('groups').values(values))
      return groupOf(await this.required(session, workspace, name, undefined))
    })
  }

  async find(workspace: string, name: string): Promise<Group | undefined> {
    const [row] = await this.#database.read(
      'reading a group',
      this.#live(workspace).where('g.name', '=', name),
    )
    return row === undefined ? undefined : groupOf(row)
  }

  async list(workspace: string, page: NamedPageRequest): Promise<Page<Group>> {
    const rows = await this.#database.read(
      'listing groups',
      this.#live(workspace)
        .where('g.name', '>', page.after ?? '')
        .where(isNamed('g', page))
        .orderBy('g.name')
        .limit(page.limit + 1),
    )
    return pageOf(rows, page, groupOf, (row) => row.name)
  }

  update(
    workspace: string,
    name: string,
    displayName: string,
    ifVersion: number | undefined,
  ): Promise<Group> {
    return writeCatalog(this.#database, 'updating a group', async (session) => {
      const row = await this.required(session, workspace, name, ifVersion)
      await session.write(
        this.#db
          .updateTable('groups')
          .set({ display_name: displayName, version: row.version + 1, updated_at: sql`clock_timestamp()` })
          .where('id', '=', row.id),
      )
      return groupOf(await this.required(session, workspace, name, undefined))
    })
  }

  delete(workspace: string, name: string, ifVersion: number | undefined): Promise<void> {
    return writeCatalog(this.#database, 'deleting a group', async (session) => {
      const row = await this.required(session, workspace, name, ifVersion)
      const tags = this.#db.selectFrom('biz_tags').select('id').where('group_id', '=', row.id)
      const held = await session.first(tags.where('deleted_at', 'is', null).limit(1))
      if (held !== undefined) throw notEmpty('group', `${workspace}/${name}`, 'tags')
      await session.write(
        this.#db.updateTable('groups').set({ deleted_at: sql`clock_timestamp()` }).where('id', '=', row.id),
      )
    })
  }

  /** @throws IDGEN_GROUP_NOT_FOUND, IDGEN_VERSION_MISMATCH */
  async required(
    session: Session,
    workspace: string,
    name: string,
    ifVersion: number | undefined,
  ): Promise<GroupRow> {
    const row = await this.#find(session, workspace, name)
    if (row === undefined) throw groupNotFound(workspace, name)
    checkVersion(`${workspace}/${name}`, row.version, ifVersion)
    return row
  }

  #find(session: Session, workspace: string, name: string): Promise<GroupRow | undefined> {
    return session.first(this.#live(workspace).where('g.name', '=', name))
  }

  #live(workspace: string) {
    return this.#db
      .selectFrom('groups as g')
      .innerJoin('workspaces as w', 'w.id', 'g.workspace_id')
      .select(['g.id', 'w.name as workspace', 'g.name', 'g.display_name', 'g.version'])
      .select(['g.created_at', 'g.updated_at'])
      .where('w.name', '=', workspace)
      .where('w.deleted_at', 'is', null)
      .where('g.deleted_at', 'is', null)
  }
}

function groupOf(row: GroupRow): Group {
  return {
    workspace: row.workspace,
    name: row.name,
    displayName: row.display_name,
    version: row.version,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}
