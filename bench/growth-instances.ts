import { type ServiceProcess, startService } from '../test/fixtures/service-process.ts'
import { type GrowthFindings, growthCurve } from './growth-findings.ts'
import { loadProcess } from './growth-load.ts'
import { environmentOf, KEY, makeFirstTag } from './growth-tags.ts'
import { type OwnPostgres, startOwnPostgres } from './own-postgres.ts'
import { treeMicros } from './process-tree.ts'

/** Ever more instances that give IDs of the same tag out of one PostgreSQL, each loaded as fast as it answers. */
interface InstanceStep {
  readonly instances: number
  readonly idsPerSecond: number
  /** Commits of the database for a million IDs. */
  readonly commitsPerMillion: number
  /** Of the database with all its processes, for a million IDs. */
  readonly databaseMsPerMillion: number
}

export async function growInstances(short: boolean): Promise<GrowthFindings> {
  const database = await startOwnPostgres()
  const services: ServiceProcess[] = []
  const steps: InstanceStep[] = []
  try {
    for (const instances of short ? [1, 2] : [1, 2, 3, 4, 6, 8]) {
      while (services.length < instances) {
        services.push(await startService({ ...environmentOf(database), ...SMALL_POOL }))
        if (services.length === 1) await makeFirstTag(services[0]?.httpOrigin ?? '')
      }
      await loadAll(services, WARM_UP_MS)
      steps.push(await measure(database, services, short))
    }
  } finally {
    for (const service of services) await service.stop('SIGTERM')
    await database.end()
  }
  return {
    conditions: [
      'Instances: INCR of one segment tag on all of them, 4 connections with 64 commands under way on each, closed loop, one thread each; instances, load and database share the processors, so the sum does not grow with them.',
    ],
    rows: [],
    tables: [
      {
        title: 'Instances on one PostgreSQL',
        columns: [
          'instances',
          'IDs/s together',
          'transactions per million IDs',
          'processor time of PostgreSQL per million IDs, ms',
        ],
        rows: steps.map((one) => [
          one.instances,
          Math.round(one.idsPerSecond),
          Math.round(one.commitsPerMillion),
          one.databaseMsPerMillion,
        ]),
      },
    ],
    curves: [
      growthCurve('Rate by instances', { x: 'instances', y: 'IDs/s' }, steps, {
        together: (one) => [one.instances, one.idsPerSecond],
      }),
      growthCurve('Database by instances', { x: 'instances', y: 'per million IDs' }, steps, {
        transactions: (one) => [one.instances, one.commitsPerMillion],
        'processor, ms': (one) => [one.instances, one.databaseMsPerMillion],
      }),
    ],
  }
}

async function measure(
  database: OwnPostgres,
  services: readonly ServiceProcess[],
  short: boolean,
): Promise<InstanceStep> {
  const [commits, micros] = [await commitsOf(database), await treeMicros(database.pid)]
  const { ids, idsPerSecond } = await loadAll(services, short ? 2000 : 15_000)
  // A session tells its counts at the end of a transaction, at most once a second.
  await new Promise((resolve) => setTimeout(resolve, STATISTICS_MS))
  const millions = ids / 1e6
  return {
    instances: services.length,
    idsPerSecond,
    commitsPerMillion: ((await commitsOf(database)) - commits) / millions,
    databaseMsPerMillion: ((await treeMicros(database.pid)) - micros) / 1000 / millions,
  }
}

async function loadAll(
  services: readonly ServiceProcess[],
  durationMs: number,
): Promise<{ ids: number; idsPerSecond: number }> {
  const found = await Promise.all(
    services.map(({ pid, respPort }) =>
      loadProcess(pid, {
        protocol: 'resp',
        port: respPort ?? 0,
        key: KEY,
        tags: ['bench/load/t0'],
        connections: 4,
        pipeline: 64,
        durationMs,
      }),
    ),
  )
  return {
    ids: found.reduce((sum, { report }) => sum + report.ids, 0),
    idsPerSecond: found.reduce((sum, { report }) => sum + report.idsPerSecond, 0),
  }
}

async function commitsOf({ client }: OwnPostgres): Promise<number> {
  const found = await client.query<{ commits: number }>(
    'SELECT xact_commit::float8 AS commits FROM pg_stat_database WHERE datname = current_database()',
  )
  return found.rows[0]?.commits ?? Number.NaN
}

/** Eight instances stay below the server's 200 connections. */
const SMALL_POOL = { IDGEN_DATABASE_POOL_MAX: '10', IDGEN_DATABASE_POOL_MIN: '2' }
/** The dynamic step grows to the rate in it. */
const WARM_UP_MS = 1000
const STATISTICS_MS = 1500
