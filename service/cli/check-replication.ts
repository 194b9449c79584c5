import { sql } from 'kysely'
import type { PostgresDatabase } from '../adapters/postgres/database.ts'
import { bad, type Finding, good, warning } from '../core/finding.ts'
import { check } from './findings.ts'

/** Whether this is the database that takes writes, whether a standby would take over without loss, and how far it is. */
export async function checkReplication(findings: Finding[], database: PostgresDatabase): Promise<void> {
  const role = await check(findings, {
    what: 'database role',
    ask: () => readRole(database),
    tell: ({ standby, readOnly }) => {
      if (standby)
        return bad(
          'database role',
          'it is a standby and takes no writes',
          'Let database.url name the primary, or add target_session_attrs=read-write with all hosts.',
        )
      if (!readOnly) return 'primary'
      const found = 'it takes no writes (default_transaction_read_only)'
      return bad('database role', found, 'Find out who set it, and why.')
    },
  })
  if (role === undefined || role.standby) return
  await check(findings, {
    what: 'standbys',
    ask: () => readStandbys(database),
    tell: (standbys) => judgeStandbys(standbys, role.synchronous),
  })
}

interface Role {
  readonly standby: boolean
  readonly readOnly: boolean
  /** synchronous_standby_names. */
  readonly synchronous: string
}

async function readRole(database: PostgresDatabase): Promise<Role> {
  const query = database.kysely.selectNoFrom([
    sql<boolean>`pg_is_in_recovery()`.as('standby'),
    sql<boolean>`current_setting('default_transaction_read_only') = 'on'`.as('readOnly'),
    sql<string>`current_setting('synchronous_standby_names')`.as('synchronous'),
  ])
  const [row] = await database.read('reading its role', query)
  return row ?? { standby: false, readOnly: false, synchronous: '' }
}

interface Standby {
  readonly name: string
  /** null: this user may not see it (it lacks pg_monitor). */
  readonly sync: string | null
  readonly lagSeconds: number
}

async function readStandbys(database: PostgresDatabase): Promise<Standby[]> {
  const query = database.kysely
    .selectFrom(sql<object>`pg_stat_replication`.as('r'))
    .select([
      sql<string>`coalesce(nullif(application_name, ''), client_addr::text, 'unnamed')`.as('name'),
      sql<string | null>`sync_state`.as('sync'),
      sql<number>`coalesce(extract(epoch from replay_lag), 0)::float8`.as('lagSeconds'),
    ])
  return await database.read('reading its standbys', query)
}

function judgeStandbys(standbys: readonly Standby[], synchronous: string): Finding {
  const what = 'standbys'
  const names = standbys.map(
    ({ name, sync, lagSeconds }) =>
      `${name} (${sync ?? 'state not shown'}, ${Math.round(lagSeconds)} s behind)`,
  )
  const hidden = standbys.some(({ sync }) => sync === null)
  const awaited = standbys.some(({ sync }) => sync === 'sync' || sync === 'quorum')
  if (synchronous !== '' && !awaited && !hidden)
    return bad(
      what,
      `commits wait for ${synchronous}, and none of them is connected: nothing can be granted`,
      'Start a synchronous standby, or change synchronous_standby_names.',
    )
  if (standbys.length === 0) return good(what, 'none')
  const late = standbys.some(({ lagSeconds }) => lagSeconds > LAG_MAX_SECONDS)
  if (late)
    return warning(
      what,
      names.join(', '),
      'Look at the network to it and its disk: a failover now takes that long, or loses commits.',
    )
  return good(what, names.join(', '))
}

/** Ten times what a standby needs that keeps up. */
const LAG_MAX_SECONDS = 10
