import { sql } from 'kysely'
import type { PostgresDatabase } from './database.ts'
import { NEEDED_RIGHTS, type Right } from './needed-rights.ts'

/** What the user of a database may do there, of what a service needs. */
export interface UserRights {
  readonly user: string
  /** "INSERT on ranges", of tables that are there. */
  readonly lacking: readonly string[]
  /** Tables that are not there: the schema is behind, which is told by itself. */
  readonly absent: readonly string[]
  /** Partitioned tables of another owner. */
  readonly notOwned: readonly string[]
  /** May make tables in this schema. */
  readonly mayCreate: boolean
}

/** @throws IDGEN_STORE_UNAVAILABLE */
export async function readRights(database: PostgresDatabase): Promise<UserRights> {
  const needed = Object.entries<readonly Right[]>(NEEDED_RIGHTS).flatMap(([table, rights]) =>
    rights.map((right) => ({ table, right })),
  )
  const tables = sql`pg_class AS c WHERE c.relnamespace = current_schema()::regnamespace`
  const asked = sql`unnest(${needed.map(({ table }) => table)}::text[], ${needed.map(({ right }) => right)}::text[])
    WITH ORDINALITY AS n(name, verb, place)`
  const query = database.kysely.selectNoFrom([
    sql<string>`current_user::text`.as('user'),
    sql<string[]>`coalesce((SELECT array_agg(n.verb || ' on ' || n.name ORDER BY n.place)
      FROM ${asked}, ${tables} AND c.relname = n.name AND NOT has_table_privilege(c.oid, n.verb)), '{}')`.as(
      'lacking',
    ),
    sql<
      string[]
    >`coalesce((SELECT array_agg(t.name) FROM unnest(${Object.keys(NEEDED_RIGHTS)}::text[]) AS t(name)
      WHERE NOT EXISTS (SELECT FROM ${tables} AND c.relname = t.name)), '{}')`.as('absent'),
    sql<string[]>`coalesce((SELECT array_agg(c.relname::text ORDER BY c.relname)
      FROM ${tables} AND c.relkind = 'p' AND NOT pg_has_role(c.relowner, 'USAGE')), '{}')`.as('notOwned'),
    sql<boolean>`coalesce(has_schema_privilege(current_schema(), 'CREATE'), false)`.as('mayCreate'),
  ])
  const [row] = await database.read('reading its rights', query)
  return row ?? { user: '', lacking: [], absent: [], notOwned: [], mayCreate: false }
}
