import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import pg from 'pg'
import { MemoryClock } from '../../service/adapters/memory/memory-clock.ts'
import { MemoryCoordination } from '../../service/adapters/memory/memory-coordination.ts'
import { PostgresDatabase } from '../../service/adapters/postgres/database.ts'
import { migrate } from '../../service/adapters/postgres/migrate.ts'
import { PostgresCatalogStore } from '../../service/adapters/postgres/postgres-catalog-store.ts'
import { PostgresSegmentLedger } from '../../service/adapters/postgres/postgres-segment-ledger.ts'
import { SegmentAllocator } from '../../service/app/segment-allocator.ts'
import { SegmentWitness } from '../../service/app/segment-witness.ts'
import { IdgenError } from '../../service/core/errors.ts'
import type { Tag } from '../../service/core/tag.ts'
import type { WitnessFinding } from '../../service/core/witness.ts'
import { CuttableCoordinator, newTag } from '../fixtures/joined-databases.ts'
import { RecordedLog } from '../fixtures/recorded-log.ts'
import { type TestDatabase, testDatabase } from './postgres-server.ts'

const SPACE = { startAt: 1, cellSize: 1_000_000, dcCount: 1 }

/** A process on a real database, whose second store is in memory so that a test can cut it off. */
class Process {
  readonly database: PostgresDatabase
  readonly catalog: PostgresCatalogStore
  readonly coordinator: CuttableCoordinator
  readonly allocator: SegmentAllocator
  readonly clock = new MemoryClock()
  readonly findings: WitnessFinding[] = []

  constructor(url: string, etcd: MemoryCoordination) {
    this.database = new PostgresDatabase({ url, log: new RecordedLog(), poolMax: 10, poolMin: 0 })
    this.catalog = new PostgresCatalogStore(this.database)
    this.coordinator = new CuttableCoordinator(etcd)
    const { coordinator, clock } = this
    this.allocator = new SegmentAllocator({
      ledger: new PostgresSegmentLedger(this.database, { instance: 'test', history: true }),
      witness: new SegmentWitness({ coordinator, clock, deadlineMs: 200 }),
      rules: { headroomSteps: 4, proceed: false },
      onFinding: (_tagId, _dc, finding) => this.findings.push(finding),
    })
  }

  /** Cut off from etcd, or joined again. */
  cut(away: boolean): void {
    this.coordinator.away = away
    this.clock.advance(1000)
  }

  async grantInto(granted: Set<number>, tag: Tag, step = 10): Promise<void> {
    const { lo, hi } = await this.allocator.allocate(tag.id, 0, step)
    for (let number = lo; number < hi; number += 1) {
      assert.ok(!granted.has(number), `${number} was granted twice`)
      granted.add(number)
    }
  }

  /** Without etcd, until the promise is used up. */
  async grantAlone(granted: Set<number>, tag: Tag): Promise<number> {
    this.cut(true)
    for (let grants = 0; ; grants += 1)
      try {
        await this.grantInto(granted, tag)
      } catch (thrown) {
        assert.equal(IdgenError.from(thrown).code, 'IDGEN_WITNESS_UNAVAILABLE', String(thrown))
        this.cut(false)
        return grants
      }
  }
}

describe('a real database that goes back in time', () => {
  let server: TestDatabase
  let etcd: MemoryCoordination
  let one: Process
  let admin: pg.Client
  let made = 0

  before(async () => {
    server = await testDatabase()
    etcd = new MemoryCoordination(new MemoryClock())
    one = new Process(server.url, etcd)
    await migrate(one.database.kysely)
    await one.catalog.createWorkspace('w', '')
    await one.catalog.createGroup('w', 'g', '')
    admin = new pg.Client({ connectionString: server.url })
    await admin.connect()
  })
  after(async () => {
    await admin?.end()
    await one?.database.close()
    await server?.drop()
  })

  function tagOf(): Promise<Tag> {
    return one.catalog.createTag(newTag(`t${(made += 1)}`, { space: SPACE }))
  }

  it('trap 3: grants nothing again of what the second store knew, though its history shows nothing', async () => {
    const tag = await tagOf()
    const granted = new Set<number>()
    await one.grantInto(granted, tag)
    await admin.query('CREATE TABLE backup AS SELECT * FROM segments WHERE tag_id = $1', [tag.id])
    for (let i = 0; i < 20; i += 1) await one.grantInto(granted, tag)
    await admin.query(`UPDATE segments s SET next_value = b.next_value, ceiling = b.ceiling FROM backup b
                        WHERE s.tag_id = b.tag_id AND s.dc = b.dc`)
    await admin.query('DROP TABLE backup')
    for (let i = 0; i < 5; i += 1) await one.grantInto(granted, tag)
    assert.equal(one.findings.at(-1)?.kind, 'regressed')
  })

  it('trap 3: nor of what it granted alone, when a dump was restored into the running server', async () => {
    const tag = await tagOf()
    const granted = new Set<number>()
    await one.grantInto(granted, tag)
    await admin.query('CREATE TABLE dumped (LIKE segments INCLUDING ALL)')
    await admin.query('INSERT INTO dumped SELECT * FROM segments')
    assert.ok((await one.grantAlone(granted, tag)) > 0, 'the point of this test')
    await admin.query('BEGIN; DROP TABLE segments; ALTER TABLE dumped RENAME TO segments; COMMIT')
    for (let i = 0; i < 5; i += 1) await one.grantInto(granted, tag)
  })

  it('trap 4: a copy beside it and the original never grant one number, with etcd or without', async () => {
    const tag = await tagOf()
    const granted = new Set<number>()
    await one.grantInto(granted, tag)
    // A template must have no sessions.
    await one.database.close()
    await admin.end()
    const name = new URL(server.url).pathname.slice(1)
    const other = await testDatabase()
    admin = new pg.Client({ connectionString: other.url })
    await admin.connect()
    await admin.query(`CREATE DATABASE ${name}_copy TEMPLATE ${name}`)
    one = new Process(server.url, etcd)
    const copy = new Process(server.url.replace(name, `${name}_copy`), etcd)
    try {
      for (const each of [one, copy]) await each.grantAlone(granted, tag)
      for (let i = 0; i < 10; i += 1) for (const each of [copy, one]) await each.grantInto(granted, tag)
      for (const each of [copy, one]) await each.grantAlone(granted, tag)
      await Promise.all([one, copy].map((each) => each.grantInto(granted, tag)))
    } finally {
      await copy.database.close()
      await admin.query(`DROP DATABASE ${name}_copy WITH (FORCE)`)
      await admin.end()
      await other.drop()
      admin = new pg.Client({ connectionString: server.url })
      await admin.connect()
    }
  })

  it('trap 22: callers with different steps at once get them whole, none twice, while the step is changed', async () => {
    const tag = await tagOf()
    const two = new Process(server.url, etcd)
    const granted = new Set<number>()
    const steps = Array.from({ length: 120 }, (_, i) => 1 + ((i * 37) % 50))
    await Promise.all(
      steps.map(async (step, i) => {
        if (i % 20 === 0)
          await two.catalog.updateTag(tag, { step: { base: 10 + i, min: 1, max: 1000 } }, undefined)
        await (i % 2 === 0 ? one : two).grantInto(granted, tag, step)
      }),
    )
    assert.equal(
      granted.size,
      steps.reduce((sum, step) => sum + step, 0),
    )
    await two.database.close()
  })
})
