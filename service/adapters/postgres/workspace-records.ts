import { type Kysely, type Selectable, sql } from 'kysely'
import { invariant } from '../../core/invariant.ts'
import type { NamedPageRequest, Page, Workspace } from '../../ports/catalog-store.ts'
import { checkVersion, isNamed, nameTaken, notEmpty, pageOf, workspaceNotFound } from './catalog-records.ts'
import { writeCatalog } from './catalog-revision.ts'
import type { PostgresDatabase } from './database.ts'
import type { Session } from './session.ts'
import type { Tables, WorkspacesTable } from './tables.ts'

/** The workspaces' part of PostgresCatalogStore. */
export class WorkspaceRecords {
  readonly #database: PostgresDatabase
  readonly #db: Kysely<Tables>

  constructor(database: PostgresDatabase) {
    this.#database = database
    this.#db = database.kysely
  }

  create(name: string, displayName: string): Promise<Workspace> {
    return writeCatalog(this.#database, 'creating a workspace', async (session) => {
      if ((await session.first(this.#live(name))) !== undefined) throw nameTaken('workspace', name)
      const values = { name, display_name: displayName }
      const made = await session.first(this.#db.insertInto('workspaces').values(values).returningAll())
      invariant(made !== undefined, 'an insert returns its row')
      return workspaceOf(made)
    })
  }

  async find(name: string): Promise<Workspace | undefined> {
    const [row] = await this.#database.read('reading a workspace', this.#live(name))
    return row === undefined ? undefined : workspaceOf(row)
  }

  async list(page: NamedPageRequest): Promise<Page<Workspace>> {
    const rows = await this.#database.read(
      'listing workspaces',
      this.#db
        .selectFrom('workspaces')
        .selectAll()
        .where('deleted_at', 'is', null)
        .where('name', '>', page.after ?? '')
        .where(isNamed('workspaces', page))
        .orderBy('name')
        .limit(page.limit + 1),
    )
    return pageOf(rows, page, workspaceOf, (row) => row.name)
  }

  update(name: string, displayName: string, ifVersion: number | undefined): Promise<Workspace> {
    return writeCatalog(this.#database, 'updating a workspace', async (session) => {
      const row = await this.#required(session, name, ifVersion)
      const updated = await session.first(
        this.#db
          .updateTable('workspaces')
          .set({ display_name: displayName, version: row.version + 1, updated_at: sql`clock_timestamp()` })
          .where('id', '=', row.id)
          .returningAll(),
      )
      invariant(updated !== undefined, 'catalogue writes run one after the other')
      return workspaceOf(updated)
    })
  }

  delete(name: string, ifVersion: number | undefined): Promise<void> {
    return writeCatalog(this.#database, 'deleting a workspace', async (session) => {
      const row = await this.#required(session, name, ifVersion)
      const groups = this.#db.selectFrom('groups').select('id').where('workspace_id', '=', row.id)
      const held = await session.first(groups.where('deleted_at', 'is', null).limit(1))
      if (held !== undefined) throw notEmpty('workspace', name, 'groups')
      await session.write(
        this.#db
          .updateTable('workspaces')
          .set({ deleted_at: sql`clock_timestamp()` })
          .where('id', '=', row.id),
      )
    })
  }

  async #required(
    session: Session,
    name: string,
    ifVersion: number | undefined,
  ): Promise<Selectable<WorkspacesTable>> {
    const row = await session.first(this.#live(name))
    if (row === undefined) throw workspaceNotFound(name)
    checkVersion(name, row.version, ifVersion)
    return row
  }

  #live(name: string) {
    return this.#db
      .selectFrom('workspaces')
      .selectAll()
      .where('name', '=', name)
      .where('deleted_at', 'is', null)
  }
}

function workspaceOf(row: Selectable<WorkspacesTable>): Workspace {
  return {
    name: row.name,
    displayName: row.display_name,
    version: row.version,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}
