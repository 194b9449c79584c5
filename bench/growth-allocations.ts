import { PostgresDatabase } from '../service/adapters/postgres/database.ts'
import { dropExpired, ensurePartitions } from '../service/adapters/postgres/partitions.ts'
import { PostgresSegmentLedger } from '../service/adapters/postgres/postgres-segment-ledger.ts'
import { SegmentAllocator } from '../service/app/segment-allocator.ts'
import { startService } from '../test/fixtures/service-process.ts'
import { SILENT } from '../test/fixtures/silent-log.ts'
import type { Row } from './bench-result.ts'
import type { GrowthFindings } from './growth-findings.ts'
import { environmentOf, makeFirstTag } from './growth-tags.ts'
import { median } from './median.ts'
import { type OwnPostgres, startOwnPostgres } from './own-postgres.ts'

/**
 * The log of allocations with millions of rows: what an allocation takes, and what it takes to forget the oldest months,
 * beside one table without partitions that holds the same rows.
 */
export async function growAllocations(short: boolean): Promise<GrowthFindings> {
  const rows = short ? 100_000 : 10_000_000
  const calls = short ? 50 : 1000
  const own = await startOwnPostgres()
  try {
    const service = await startService(environmentOf(own))
    try {
      await makeFirstTag(service.httpOrigin)
    } finally {
      await service.stop('SIGTERM')
    }
    const database = new PostgresDatabase({ url: own.url, log: SILENT, poolMax: 4, poolMin: 1 })
    try {
      return await measure({ own, database, rows, calls })
    } finally {
      await database.close()
    }
  } finally {
    await own.end()
  }
}

interface Parts {
  readonly own: OwnPostgres
  readonly database: PostgresDatabase
  readonly rows: number
  readonly calls: number
}

async function measure({ own, database, rows, calls }: Parts): Promise<GrowthFindings> {
  const allocator = new SegmentAllocator({
    ledger: new PostgresSegmentLedger(database, { instance: 'bench/1' }),
  })
  const { rows: found } = await own.client.query<{ id: number }>(
    `SELECT id::float8 AS id FROM biz_tags WHERE name = 't0'`,
  )
  const tag = found[0]?.id ?? 0
  const allocate = (): Promise<unknown> => allocator.allocate(tag, 0, 1000)
  await medianMs(WARM_UP_CALLS, allocate)
  const empty = await medianMs(calls, allocate)
  await makePastPartitions(database)
  const filledMs = await timed(() => fill(own, 'segment_allocations', tag, rows))
  await makeFlatTable(own)
  await fill(own, 'flat_allocations', tag, rows)
  await own.client.query('ANALYZE')
  const full = await medianMs(calls, allocate)
  const insert = (table: string) => () =>
    own.client.query(
      `INSERT INTO ${table} (tag_id, dc, lo, hi, instance) VALUES ($1, 0, 7000000000, 7000001000, 'bench/1')`,
      [tag],
    )
  const [parted, flat] = await mediansInTurns(
    calls,
    insert('segment_allocations'),
    insert('flat_allocations'),
  )
  const keptMs = await timed(() => ensurePartitions(database.kysely, new Date()))
  const dropMs = await timed(() => dropExpired(database.kysely, new Date(), MONTHS_KEPT, () => undefined))
  const deleteMs = await timed(() =>
    own.client.query(
      `DELETE FROM flat_allocations WHERE at < date_trunc('month', now()) - make_interval(months => $1)`,
      [MONTHS_KEPT],
    ),
  )
  return findings(rows, calls, { empty, full, parted, flat, filledMs, keptMs, dropMs, deleteMs })
}

type Times = Readonly<
  Record<'empty' | 'full' | 'parted' | 'flat' | 'filledMs' | 'keptMs' | 'dropMs' | 'deleteMs', number>
>

function findings(rows: number, calls: number, times: Times): GrowthFindings {
  const ms = (what: string, value: number, floor?: { what: string; value: number }): Row => ({
    what,
    value,
    unit: 'ms',
    ...(floor === undefined ? {} : { floor, ratio: value / floor.value }),
  })
  const many = rows.toLocaleString('en-US')
  return {
    conditions: [
      `Allocations: ${many} rows of one tag over ${MONTHS_PAST} months; one allocation at a time, median of ${calls}, with the empty log measured before it was filled; PostgreSQL on the same machine.`,
    ],
    rows: [
      ms(`allocate with ${many} rows in the log`, times.full, {
        what: 'with an empty log',
        value: times.empty,
      }),
      ms(`one row into the log of ${many}, by months`, times.parted, {
        what: 'into one table',
        value: times.flat,
      }),
      ms(`forget all but ${MONTHS_KEPT} months of ${many} rows, by months`, times.dropMs, {
        what: 'deleted from one table',
        value: times.deleteMs,
      }),
      ms(`upkeep that finds all partitions made, ${many} rows`, times.keptMs),
    ],
    tables: [],
    curves: [],
  }
}

/** Made empty by upkeep as of each past month, so that the rows land where they would have landed. */
async function makePastPartitions({ kysely }: PostgresDatabase): Promise<void> {
  const now = new Date()
  for (let back = MONTHS_PAST; back > 0; back -= MONTHS_MADE)
    await ensurePartitions(kysely, new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - back, 1)))
}

function fill({ client }: OwnPostgres, table: string, tag: number, rows: number): Promise<unknown> {
  return client.query(
    `INSERT INTO ${table} (tag_id, dc, lo, hi, instance, at)
     SELECT $1::bigint, 0, i * 1000, i * 1000 + 1000, 'bench/1',
            now() - make_interval(months => ${MONTHS_PAST - 1}) * (1 - i::float8 / $2)
       FROM generate_series(1::bigint, $2::bigint) AS i`,
    [tag, rows],
  )
}

/** With the same index and checks; without the reference to the tag, which makes it cheaper than ours. */
async function makeFlatTable({ client }: OwnPostgres): Promise<void> {
  await client.query(
    'CREATE TABLE flat_allocations (LIKE segment_allocations INCLUDING DEFAULTS INCLUDING CONSTRAINTS)',
  )
  await client.query('CREATE INDEX ON flat_allocations (tag_id, dc, lo)')
}

async function medianMs(calls: number, call: () => Promise<unknown>): Promise<number> {
  const times: number[] = []
  for (let i = 0; i < calls; i += 1) times.push(await timed(call))
  return median(times)
}

async function mediansInTurns(
  calls: number,
  one: () => Promise<unknown>,
  other: () => Promise<unknown>,
): Promise<[number, number]> {
  const times: [number, number][] = []
  for (let i = 0; i < calls; i += 1) times.push([await timed(one), await timed(other)])
  return [median(times.map(([first]) => first)), median(times.map(([, second]) => second))]
}

async function timed(call: () => Promise<unknown>): Promise<number> {
  const begin = performance.now()
  await call()
  return performance.now() - begin
}

/** Connections, plans and compilers settle in them. */
const WARM_UP_CALLS = 100
const MONTHS_PAST = 15
const MONTHS_KEPT = 12
/** ensurePartitions makes the month it is told and the next three. */
const MONTHS_MADE = 4
