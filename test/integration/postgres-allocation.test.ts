import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { sql } from 'kysely'
import { PostgresDatabase } from '../../service/adapters/postgres/database.ts'
import { migrate } from '../../service/adapters/postgres/migrate.ts'
import { PostgresCatalogStore } from '../../service/adapters/postgres/postgres-catalog-store.ts'
import { PostgresSegmentLedger } from '../../service/adapters/postgres/postgres-segment-ledger.ts'
import { SegmentAllocator } from '../../service/app/segment-allocator.ts'
import { datedCellSize, firstOfPeriod } from '../../service/core/dated-numbers.ts'
import type { NumberSpace } from '../../service/core/tag.ts'
import { rejectsWith } from '../contracts/rejects-with.ts'
import { RecordedLog } from '../fixtures/recorded-log.ts'
import { type TestDatabase, testDatabase } from './postgres-server.ts'

const SPACE: NumberSpace = { startAt: 0, cellSize: 1000, dcCount: 2 }

describe('an allocation in PostgreSQL', () => {
  let test: TestDatabase
  let database: PostgresDatabase
  let catalog: PostgresCatalogStore
  let segments: SegmentAllocator

  before(async () => {
    test = await testDatabase()
    database = new PostgresDatabase({ url: test.url, log: new RecordedLog(), poolMin: 0 })
    await migrate(database.kysely)
    catalog = new PostgresCatalogStore(database)
    segments = new SegmentAllocator({ ledger: new PostgresSegmentLedger(database, { instance: 'host 1' }) })
    await catalog.createWorkspace('w', '')
    await catalog.createGroup('w', 'g', '')
  })
  after(async () => {
    await database?.close()
    await test?.drop()
  })

  async function newTag(name: string, space: NumberSpace = SPACE): Promise<number> {
    const tag = await catalog.createTag({
      workspace: 'w',
      group: 'g',
      name,
      displayName: '',
      chain: ['segment'],
      step: { base: 100, min: 1, max: 1000 },
      space,
    })
    return tag.id
  }

  /** Resolves once a session of this database waits for a lock. */
  async function someoneWaits(): Promise<void> {
    const waiting = sql<{ n: number }>`
      SELECT count(*)::int AS n FROM pg_stat_activity
       WHERE datname = current_database() AND wait_event_type = 'Lock'`
    // The runner's time limit ends this when the allocation does not wait as it should.
    while ((await waiting.execute(database.kysely)).rows[0]?.n === 0) await new Promise(setImmediate)
  }

  it('waits for a deletion that has begun, and then gives nothing', async () => {
    const tagId = await newTag('dying')
    await segments.allocate(tagId, 0, 10)
    let outcome: Promise<unknown> = Promise.resolve()
    await database.kysely.transaction().execute(async (deleting) => {
      await sql`SELECT id FROM biz_tags WHERE id = ${tagId} FOR UPDATE`.execute(deleting)
      outcome = rejectsWith('IDGEN_TAG_NOT_FOUND', segments.allocate(tagId, 0, 10))
      await someoneWaits()
      await sql`UPDATE biz_tags SET deleted_at = now(), high_water = 10 WHERE id = ${tagId}`.execute(deleting)
    })
    await outcome
    const log = database.kysely.selectFrom('segment_allocations').selectAll().where('tag_id', '=', tagId)
    assert.equal((await log.execute()).length, 1)
  })

  it('begins above the ceiling of a deleted tag of its name, below which this database may have lost grants', async () => {
    const tagId = await newTag('lost')
    await segments.allocate(tagId, 0, 10)
    await database.kysely.updateTable('segments').set({ ceiling: 600 }).where('tag_id', '=', tagId).execute()
    await catalog.deleteTag({ workspace: 'w', group: 'g', name: 'lost' }, undefined)
    assert.ok((await segments.allocate(await newTag('lost'), 0, 10)).lo >= 600)
  })

  it('is refused until the next date where an advance left none of this one, and opened no cell of the next', async () => {
    const format = { reset: 'year', width: 4 } as const
    const space = { startAt: 1, cellSize: datedCellSize(format, 2), dcCount: 2, format }
    const tagId = await newTag('dated', space)
    const year = () => new Date().getUTCFullYear() - 1970
    const before = year()
    const next = await segments.advance(tagId, 1, { by: 1_000_000 })
    if (year() !== before) return
    assert.equal(next, firstOfPeriod(space, before + 1), 'data centre 1 has the second half of a year')
    const ranges = database.kysely.selectFrom('ranges').select('cell').where('tag_id', '=', tagId)
    const cells = (await ranges.where('dc', '=', 1).orderBy('cell').execute()).map(({ cell }) => cell)
    assert.deepEqual(cells, [1, 2 * before + 1])
    // The second one cannot know that no grant ended there: it goes to the beginning of the next year, which has not come.
    for (const by of [1_000_000, 1_000_000]) {
      const begin = firstOfPeriod(space, before + 1) + space.cellSize
      assert.equal(await segments.advance(tagId, 1, { by }), begin)
      await rejectsWith('IDGEN_RANGE_EXHAUSTED', segments.allocate(tagId, 1, 10))
    }
  })

  it('does not hold up, nor wait for, a change of the tag that leaves it alive', async () => {
    const tagId = await newTag('changing')
    await database.kysely.transaction().execute(async (changing) => {
      await sql`UPDATE biz_tags SET display_name = 'x' WHERE id = ${tagId}`.execute(changing)
      assert.deepEqual(await segments.allocate(tagId, 0, 10), { lo: 0, hi: 10 })
    })
  })

  it('is logged with its numbers and its instance, and each opened cell is recorded', async () => {
    const tagId = await newTag('logged')
    for (const step of [700, 700, 5]) await segments.allocate(tagId, 1, step)
    const { kysely } = database
    const log = kysely.selectFrom('segment_allocations').select(['dc', 'lo', 'hi', 'instance'])
    assert.deepEqual(await log.where('tag_id', '=', tagId).orderBy('lo').execute(), [
      { dc: 1, lo: 1000, hi: 1700, instance: 'host 1' },
      { dc: 1, lo: 1700, hi: 2000, instance: 'host 1' },
      { dc: 1, lo: 3000, hi: 3005, instance: 'host 1' },
    ])
    const cells = kysely.selectFrom('ranges').select(['dc', 'cell', 'lo', 'hi'])
    assert.deepEqual(await cells.where('tag_id', '=', tagId).orderBy('cell').execute(), [
      { dc: 1, cell: 1, lo: 1000, hi: 2000 },
      { dc: 1, cell: 3, lo: 3000, hi: 4000 },
    ])
  })

  it('fails rather than open a cell that overlaps another', async () => {
    const tagId = await newTag('damaged')
    await segments.allocate(tagId, 0, 1000)
    await database.kysely
      .insertInto('ranges')
      .values({ tag_id: tagId, dc: 1, cell: 99, lo: 2500, hi: 2600 })
      .execute()
    await rejectsWith('IDGEN_INTERNAL', segments.allocate(tagId, 0, 1))
    assert.deepEqual(await segments.allocate(tagId, 1, 1), { lo: 1000, hi: 1001 })
  })
})
