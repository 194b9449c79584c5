import { sql } from 'kysely'
import type { PostgresDatabase } from '../adapters/postgres/database.ts'
import { PostgresSegmentLedger } from '../adapters/postgres/postgres-segment-ledger.ts'
import type { Config } from '../config/keys.ts'
import type { Finding } from '../core/finding.ts'
import { judgeSpace, judgeWorkerIds } from '../core/judgements.ts'
import { instanceName } from '../instance-name.ts'
import { check } from './findings.ts'

/** How full the tags are, and, where the database grants time, how many worker ids are left. */
export async function checkCapacity(
  findings: Finding[],
  database: PostgresDatabase,
  config: Config,
): Promise<void> {
  const { id: dc } = config.datacenter
  await check(findings, {
    what: 'tags',
    ask: () => countTags(database),
    tell: (count) => `${count}`,
  })
  await check(findings, {
    what: 'number space',
    ask: () => usages(database, config),
    tell: (used) => judgeSpace(used, config.capacity.alertShare),
  })
  if (config.etcd.endpoints === '')
    await check(findings, {
      what: 'worker ids',
      ask: () => heldWorkers(database, dc),
      tell: (held) => judgeWorkerIds(held, config.server.workerIds),
    })
}

async function countTags(database: PostgresDatabase): Promise<number> {
  const query = database.kysely
    .selectFrom('biz_tags')
    .select(sql<number>`count(*)::int`.as('n'))
    .where('deleted_at', 'is', null)
  const [row] = await database.read('counting tags', query)
  return row?.n ?? 0
}

async function usages(
  database: PostgresDatabase,
  config: Config,
): Promise<{ readonly tag: string; readonly usedShare: number }[]> {
  const used = await new PostgresSegmentLedger(database, { instance: instanceName(config) }).usage(
    config.datacenter.id,
  )
  const fullest = used.toSorted((a, b) => b.usedShare - a.usedShare).slice(0, NAMED_MAX)
  const ids = fullest.map(({ tagId }) => tagId)
  if (ids.length === 0) return []
  const query = database.kysely
    .selectFrom('biz_tags as t')
    .innerJoin('groups as g', 'g.id', 't.group_id')
    .innerJoin('workspaces as w', 'w.id', 'g.workspace_id')
    .select(['t.id', sql<string>`w.name || '/' || g.name || '/' || t.name`.as('path')])
    .where('t.id', 'in', ids)
  const paths = new Map((await database.read('naming tags', query)).map(({ id, path }) => [id, path]))
  return fullest.map(({ tagId, usedShare }) => ({ tag: paths.get(tagId) ?? `tag ${tagId}`, usedShare }))
}

async function heldWorkers(database: PostgresDatabase, dc: number): Promise<number> {
  const query = database.kysely
    .selectFrom('worker_times')
    .select(sql<number>`count(*)::int`.as('n'))
    .where('dc', '=', dc)
    .where('lease_until', '>=', sql<Date>`clock_timestamp()`)
  const [row] = await database.read('counting worker ids', query)
  return row?.n ?? 0
}

/** The fullest tags that are looked up by name. */
const NAMED_MAX = 100
