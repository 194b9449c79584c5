import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { sql } from 'kysely'
import { PostgresDatabase } from '../../service/adapters/postgres/database.ts'
import { migrate } from '../../service/adapters/postgres/migrate.ts'
import { PostgresCatalogStore } from '../../service/adapters/postgres/postgres-catalog-store.ts'
import { PostgresSegmentLedger } from '../../service/adapters/postgres/postgres-segment-ledger.ts'
import { PostgresTagBatch } from '../../service/adapters/postgres/postgres-tag-batch.ts'
import { PostgresTimeGrantStore } from '../../service/adapters/postgres/postgres-time-grant-store.ts'
import { SegmentAllocator } from '../../service/app/segment-allocator.ts'
import { rejectsWith } from '../contracts/rejects-with.ts'
import { RecordedLog } from '../fixtures/recorded-log.ts'
import { type CommitFault, type CommitFaultProxy, commitFaultProxy } from './commit-fault-proxy.ts'
import { type TestDatabase, testDatabase } from './postgres-server.ts'

describe('trap 2: a commit that is not a plain COMMIT', () => {
  let test: TestDatabase
  let proxy: CommitFaultProxy
  let direct: PostgresDatabase
  let database: PostgresDatabase

  before(async () => {
    test = await testDatabase()
    proxy = await commitFaultProxy(test.url)
    direct = new PostgresDatabase({ url: test.url, log: new RecordedLog(), poolMin: 0 })
    database = new PostgresDatabase({ url: proxy.url, log: new RecordedLog(), poolMin: 0, deadlineMs: 1500 })
    await migrate(direct.kysely)
    const catalog = new PostgresCatalogStore(direct)
    await catalog.createWorkspace('w', '')
    await catalog.createGroup('w', 'g', '')
  })
  after(async () => {
    await database?.close()
    await direct?.close()
    await proxy?.close()
    await test?.drop()
  })

  async function newTag(name: string): Promise<number> {
    const tag = await new PostgresCatalogStore(direct).createTag({
      workspace: 'w',
      group: 'g',
      name,
      displayName: '',
      chain: ['segment'],
      step: { base: 100, min: 1, max: 1000 },
      space: { startAt: 0, cellSize: 1000, dcCount: 1 },
    })
    return tag.id
  }

  /** Which of them keep what was written: the store cannot know, and must not care. */
  const faults: [CommitFault, committed: boolean][] = [
    ['drop-before', false],
    ['rollback', false],
    ['hang', false],
    ['drop-after', true],
    ['warning', true],
  ]

  for (const [fault, committed] of faults) {
    it(`trap 2: burns the segment on ${fault}, drops the connection, and goes on`, async () => {
      const tagId = await newTag(`segment-${fault}`)
      const store = new SegmentAllocator({ ledger: new PostgresSegmentLedger(database, { instance: 'x' }) })
      const first = await store.allocate(tagId, 0, 100)
      proxy.fault = fault
      const error = await rejectsWith('IDGEN_STORE_UNAVAILABLE', store.allocate(tagId, 0, 100))
      assert.match(error.message, /unknown/)
      assert.equal(database.poolStats().total, 0, 'a connection in doubt is never used again')
      proxy.fault = 'none'
      const next = await store.allocate(tagId, 0, 100)
      assert.equal(next.lo, committed ? 200 : first.hi)
      if (committed)
        assert.equal(await store.giveBack(tagId, 0, { lo: 150, hi: 200 }), false, 'burnt is burnt')
    })

    it(`does not return numbers twice after ${fault}`, async () => {
      const tagId = await newTag(`return-${fault}`)
      const store = new SegmentAllocator({ ledger: new PostgresSegmentLedger(database, { instance: 'x' }) })
      const other = new SegmentAllocator({ ledger: new PostgresSegmentLedger(direct, { instance: 'y' }) })
      await store.allocate(tagId, 0, 100)
      proxy.fault = fault
      await rejectsWith('IDGEN_STORE_UNAVAILABLE', store.giveBack(tagId, 0, { lo: 50, hi: 100 }))
      proxy.fault = 'none'
      const theirs = await other.allocate(tagId, 0, 50)
      assert.equal(theirs.lo, committed ? 50 : 100)
      assert.equal(await store.giveBack(tagId, 0, { lo: 50, hi: 100 }), false)
      assert.equal((await other.allocate(tagId, 0, 50)).lo, theirs.hi)
    })

    it(`says of no tag of a batch that it was made after ${fault}: all of them were, or none`, async () => {
      const tags = [0, 1, 2].map((at) => ({
        workspace: 'w',
        group: 'g',
        name: `batch-${fault}-${at}`,
        displayName: '',
        chain: ['segment'] as const,
        step: { base: 100, min: 1, max: 1000 },
        space: { startAt: 0, cellSize: 1000, dcCount: 1 },
      }))
      const batch = new PostgresTagBatch(database)
      proxy.fault = fault
      const error = await rejectsWith('IDGEN_STORE_UNAVAILABLE', batch.createTags(tags))
      assert.match(error.message, /unknown/)
      proxy.fault = 'none'
      const found = await batch.findTags(tags)
      assert.deepEqual(
        found.map((tag) => tag?.name),
        tags.map(({ name }) => (committed ? name : undefined)),
      )
    })

    it(`extends a time grant again after ${fault}`, async () => {
      const store = new PostgresTimeGrantStore(database)
      const dc = faults.findIndex(([name]) => name === fault)
      const hold = await store.acquire({
        dc,
        nonce: '0'.repeat(32),
        holder: 'x',
        leaseMs: 60_000,
        layoutHash: 'l',
      })
      const untilMs = (await store.nowMs()) + 5000
      proxy.fault = fault
      await rejectsWith('IDGEN_STORE_UNAVAILABLE', store.extend(hold, untilMs, 60_000))
      proxy.fault = 'none'
      assert.deepEqual(await store.extend(hold, untilMs + 100, 60_000), { ...hold, untilMs: untilMs + 100 })
    })
  }

  it('takes a real ROLLBACK for what it is', async () => {
    const failing = database.transaction('testing', async (session) => {
      const broken = database.kysely.selectNoFrom(sql<number>`1 / 0`.as('x'))
      await assert.rejects(session.rows(broken))
      return 'swallowed'
    })
    const error = await rejectsWith('IDGEN_STORE_UNAVAILABLE', failing)
    assert.match(String(error.cause), /ROLLBACK/)
  })

  it('rolls back and keeps the connection when the work itself refuses', async () => {
    await database.health()
    const before = database.poolStats().total
    const catalog = new PostgresCatalogStore(database)
    await rejectsWith('IDGEN_ALREADY_EXISTS', catalog.createWorkspace('w', ''))
    assert.equal(database.poolStats().total, before)
    assert.equal(await database.health(), undefined)
  })

  it('loses its row locks when it falls silent within a transaction', async () => {
    const query = direct.kysely.selectNoFrom(
      sql<string>`current_setting('idle_in_transaction_session_timeout')`.as('limit'),
    )
    const within = await direct.transaction('reading a setting', (session) => session.first(query))
    assert.equal(within?.limit, '5s')
    assert.deepEqual(await direct.read('reading a setting', query), [{ limit: '0' }])
  })

  it('trap 1: never commits with less than synchronous_commit = on', async () => {
    const levels: [string, string][] = [
      ['off', 'on'],
      ['local', 'on'],
      ['remote_write', 'on'],
      ['on', 'on'],
      ['remote_apply', 'remote_apply'],
    ]
    for (const [configured, used] of levels) {
      const url = new URL(test.url)
      url.searchParams.set('options', `-c synchronous_commit=${configured}`)
      const weak = new PostgresDatabase({ url: url.href, log: new RecordedLog(), poolMin: 0 })
      const query = weak.kysely.selectNoFrom(sql<string>`current_setting('synchronous_commit')`.as('level'))
      assert.equal((await weak.read('testing', query))[0]?.level, configured)
      assert.equal((await weak.transaction('testing', (s) => s.first(query)))?.level, used)
      await weak.close()
    }
  })
})
