// Runs beside others: rows are counted, not time.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from 'kysely'
import { PostgresCatalogStore } from '../../service/adapters/postgres/postgres-catalog-store.ts'
import { PostgresGrantHistory, recentGrants } from '../../service/adapters/postgres/postgres-grant-history.ts'
import { PostgresSegmentLedger } from '../../service/adapters/postgres/postgres-segment-ledger.ts'
import { SegmentAllocator } from '../../service/app/segment-allocator.ts'
import { twoPools } from './postgres-pools.ts'

/** What EXPLAIN ANALYZE tells of a step of a plan, and of those below it. */
interface Step {
  readonly 'Relation Name'?: string
  readonly 'Actual Rows': number
  readonly 'Actual Loops': number
  readonly 'Rows Removed by Filter'?: number
  readonly Plans?: readonly Step[]
}

/** How many rows of the log were read. */
function logRowsRead(step: Step): number {
  const own = step['Relation Name']?.startsWith('segment_allocations')
    ? (step['Actual Rows'] + (step['Rows Removed by Filter'] ?? 0)) * step['Actual Loops']
    : 0
  return own + (step.Plans ?? []).reduce((sum, below) => sum + logRowsRead(below), 0)
}

test('of a tag that was granted much this month, and nearly nothing since yesterday, a thousand grants are read', async (t) => {
  const { one, close } = await twoPools()
  t.after(close)
  const catalog = new PostgresCatalogStore(one)
  const segments = new SegmentAllocator({ ledger: new PostgresSegmentLedger(one, { instance: 'one' }) })
  await catalog.createWorkspace('w', '')
  await catalog.createGroup('w', 'g', '')
  const tag = await catalog.createTag({
    workspace: 'w',
    group: 'g',
    name: 'rests',
    displayName: '',
    chain: ['segment'],
    step: { base: 10, min: 1, max: 1000 },
    space: { startAt: GRANTS * 10, cellSize: 100_000, dcCount: 8 },
  })
  await segments.allocate(tag.id, 0, 7)
  await sql`
    INSERT INTO segment_allocations (tag_id, dc, lo, hi, instance, at)
    SELECT ${tag.id}, 0, n * 10, n * 10 + 10, 'before', clock_timestamp() - interval '2 days'
      FROM generate_series(0, ${GRANTS - 1}::int) AS n`.execute(one.kysely)
  await sql`ANALYZE segment_allocations`.execute(one.kysely)
  const since = new Date(tag.createdAt.getTime() - DAY_MS)
  assert.deepEqual(await new PostgresGrantHistory(one).recent(tag.id, since), [
    { dc: 0, numbers: 7, from: since },
  ])
  const [plan] = await recentGrants(one.kysely, tag.id, since).explain<{
    'QUERY PLAN': readonly { readonly Plan: Step }[]
  }>('json', sql`analyze`)
  const read = logRowsRead(plan?.['QUERY PLAN'][0]?.Plan ?? assert.fail('no plan'))
  assert.ok(read >= 1 && read <= 1000, `${read} rows of the log were read`)
})

const GRANTS = 20_000
const DAY_MS = 86_400_000
