import { PostgresDatabase } from '../service/adapters/postgres/database.ts'
import { PostgresSegmentLedger } from '../service/adapters/postgres/postgres-segment-ledger.ts'
import { startService } from '../test/fixtures/service-process.ts'
import { SILENT } from '../test/fixtures/silent-log.ts'
import { type GrowthFindings, growthCurve } from './growth-findings.ts'
import { loadProcess } from './growth-load.ts'
import { limitsAbove } from './limits-above.ts'
import { type OwnPostgres, startOwnPostgres } from './own-postgres.ts'
import { residentMb } from './thread-times.ts'

/** One instance with ever more tags: how long it takes to start, what it holds, and what an ID costs. */
interface TagStep {
  readonly tags: number
  /** What the first start takes longer, to open the ranges of the new tags: those of this step alone. */
  readonly openMs: number
  readonly startMs: number
  readonly restingMb: number
  readonly servingMb: number
  /** The first ID of every tag, which opens its buffer and takes its first segment. */
  readonly firstMicros: number
  readonly micros: number
  readonly p99Ms: number
}

export async function growTags(short: boolean): Promise<GrowthFindings> {
  const steps: TagStep[] = []
  const database = await startOwnPostgres()
  try {
    for (const tags of short ? [1, 1000] : [1, 10, 100, 1000, 10_000, 100_000])
      steps.push(await measure(database, tags, short))
  } finally {
    await database.end()
  }
  return tagFindings(steps)
}

function tagFindings(steps: readonly TagStep[]): GrowthFindings {
  return {
    conditions: [
      `Tags: INCR over ${CONNECTIONS} connections with ${PIPELINE} commands under way on each, all tags in turn; one thread, PostgreSQL without etcd. The start is one with all ranges open.`,
    ],
    rows: [],
    tables: [
      {
        title: 'Tags',
        columns: [
          'tags',
          'opening the ranges of the new ones, ms',
          'start, ms',
          'resting, MB',
          'all tags in use, MB',
          'first ID of a tag, µs',
          'µs an ID',
          'p99, ms',
        ],
        rows: steps.map((one) => [
          one.tags,
          Math.round(one.openMs),
          Math.round(one.startMs),
          one.restingMb,
          one.servingMb,
          one.tags < FIRST_TAGS_MIN ? '–' : one.firstMicros,
          one.micros,
          one.p99Ms,
        ]),
      },
    ],
    curves: [
      growthCurve('Memory by tags', { x: 'tags', y: 'MB' }, steps, {
        resting: (one) => [one.tags, one.restingMb],
        'in use': (one) => [one.tags, one.servingMb],
      }),
      growthCurve('Processor time by tags', { x: 'tags', y: 'µs an ID' }, steps, {
        'after the first': (one) => [one.tags, one.micros],
      }),
      growthCurve('Start by tags', { x: 'tags', y: 'ms' }, steps, {
        start: (one) => [one.tags, one.startMs],
      }),
    ],
  }
}

async function measure(database: OwnPostgres, tags: number, short: boolean): Promise<TagStep> {
  const openMs = await makeTags(database, tags)
  const begin = performance.now()
  const service = await startService(environmentOf(database))
  try {
    const startMs = performance.now() - begin
    const restingMb = await residentMb(service.pid)
    const paths = Array.from({ length: tags }, (_, i) => `bench/load/t${i}`)
    const plan = {
      protocol: 'resp',
      port: service.respPort ?? 0,
      key: KEY,
      tags: paths,
      connections: Math.min(CONNECTIONS, tags),
      pipeline: PIPELINE,
      durationMs: LIMIT_MS,
    } as const
    // On one connection, which asks the tags in turn: each of them once.
    const first = await loadProcess(service.pid, { ...plan, connections: 1, requests: tags })
    const settled = await loadProcess(service.pid, {
      ...plan,
      requests: Math.max(2 * tags, short ? 50_000 : 1_000_000),
    })
    return {
      tags,
      openMs,
      startMs,
      restingMb,
      servingMb: await residentMb(service.pid),
      firstMicros: first.micros,
      micros: settled.micros,
      p99Ms: settled.report.latency.p99,
    }
  } finally {
    await service.stop('SIGTERM')
  }
}

/** Copies the first tag, because 100,000 of them over HTTP take many minutes, and opens their ranges; says how long that took. */
async function makeTags(database: OwnPostgres, tags: number): Promise<number> {
  const { client } = database
  const migrated = await client.query<{ there: boolean }>(
    `SELECT to_regclass('biz_tags') IS NOT NULL AS there`,
  )
  if (migrated.rows[0]?.there !== true) await startOnce(database, makeFirstTag)
  await client.query(
    `INSERT INTO biz_tags OVERRIDING SYSTEM VALUE
     SELECT (jsonb_populate_record(t, jsonb_build_object(
       'id', m.id + i, 'name', 't' || i, 'generation', gen_random_uuid()))).*
       FROM biz_tags AS t, generate_series(1, $1::int) AS i, (SELECT max(id) AS id FROM biz_tags) AS m
      WHERE t.name = 't0' AND NOT EXISTS (SELECT FROM biz_tags AS o WHERE o.name = 't' || i)`,
    [tags - 1],
  )
  // As the first start does, which is given less time by whoever waits for it.
  const store = new PostgresDatabase({ url: database.url, log: SILENT, poolMax: 2, poolMin: 1 })
  try {
    const begin = performance.now()
    await new PostgresSegmentLedger(store, { instance: 'bench/1' }).initialiseAll(0)
    return performance.now() - begin
  } finally {
    await store.close()
  }
}

async function startOnce(database: OwnPostgres, then: (httpOrigin: string) => Promise<void>): Promise<void> {
  const service = await startService(environmentOf(database))
  try {
    await then(service.httpOrigin)
  } finally {
    await service.stop('SIGTERM')
  }
}

export async function makeFirstTag(httpOrigin: string): Promise<void> {
  const tag = { name: 't0', algorithm: 'segment', chain: ['segment'], step: { base: 1000, max: 1_000_000 } }
  for (const [path, body] of [
    ['', { name: 'bench' }],
    ['/bench/groups', { name: 'load' }],
    ['/bench/groups/load/tags', tag],
  ] as const) {
    const response = await fetch(`${httpOrigin}/v1/workspaces${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
  }
}

/** For services of a bench that share one database. */
export function environmentOf({ url }: OwnPostgres): Record<string, string> {
  return {
    IDGEN_DATABASE_URL: url,
    IDGEN_AUTH_ADMIN_KEY: KEY,
    IDGEN_SERVER_RESP_ENABLED: 'true',
    IDGEN_SERVER_THREADS: '1',
    ...limitsAbove(1_000_000_000),
  }
}

export const KEY = 'bench-idgen-admin-key'
const CONNECTIONS = 16
/** With fewer the first IDs are lost in what a process does anyway after its start. */
const FIRST_TAGS_MIN = 100
const PIPELINE = 64
/** Of a round: a millisecond for the first segment of each of 100,000 tags, and twice that for a busy machine. */
const LIMIT_MS = 300_000
