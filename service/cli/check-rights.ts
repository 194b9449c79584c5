import { sql } from 'kysely'
import type { PostgresDatabase } from '../adapters/postgres/database.ts'
import { bad, type Finding, warning } from '../core/finding.ts'
import { check } from './findings.ts'

/** Whether the user of `database.url` may do what a service does. */
export async function checkRights(findings: Finding[], database: PostgresDatabase): Promise<void> {
  await check(findings, {
    what: 'database rights',
    ask: () => readRights(database),
    tell: ({ user, lacking, notOwned }) => {
      const what = 'database rights'
      if (lacking.length > 0)
        return bad(
          what,
          `${user} may not ${lacking.join(', ')}`,
          `GRANT it to ${user}, or let it own the tables.`,
        )
      if (notOwned.length > 0)
        return warning(
          what,
          `${user} does not own ${notOwned.join(', ')}: it cannot make the partitions of the next months`,
          `ALTER TABLE … OWNER TO ${user}, or run "idgen migrate" every month as the owner.`,
        )
      return `${user} may read and write all tables and make partitions`
    },
  })
}

interface Rights {
  readonly user: string
  /** "INSERT on ranges". */
  readonly lacking: readonly string[]
  /** Partitioned tables of another owner. */
  readonly notOwned: readonly string[]
}

async function readRights(database: PostgresDatabase): Promise<Rights> {
  const tables = sql`pg_class AS c WHERE c.relnamespace = current_schema()::regnamespace`
  const query = database.kysely.selectNoFrom([
    sql<string>`current_user::text`.as('user'),
    sql<string[]>`coalesce((SELECT array_agg(r.name || ' on ' || c.relname ORDER BY c.relname)
      FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE']) AS r(name), ${tables}
       AND c.relname = ANY(${[...WRITTEN]}) AND NOT has_table_privilege(c.oid, r.name)), '{}')`.as('lacking'),
    sql<string[]>`coalesce((SELECT array_agg(c.relname::text ORDER BY c.relname)
      FROM ${tables} AND c.relkind = 'p' AND NOT pg_has_role(c.relowner, 'USAGE')), '{}')`.as('notOwned'),
  ])
  const [row] = await database.read('reading its rights', query)
  return row ?? { user: '', lacking: [], notOwned: [] }
}

/** Those that a running service writes. */
const WRITTEN = [
  'api_key_uses',
  'api_keys',
  'audit_chains',
  'audit_log',
  'biz_tags',
  'dc_claims',
  'groups',
  'ranges',
  'segment_allocations',
  'segments',
  'settings_in_force',
  'time_authority',
  'worker_times',
  'workspaces',
] as const
