import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { sql } from 'kysely'
import { PostgresDatabase } from '../../service/adapters/postgres/database.ts'
import { migrate, pendingMigrations } from '../../service/adapters/postgres/migrate.ts'
import { tombstoneHigh } from '../../service/core/cells.ts'
import { DEFAULT_SPACE, type NumberSpace, SEGMENT_LIMIT } from '../../service/core/tag.ts'
import { rejectsWith } from '../contracts/rejects-with.ts'
import { RecordedLog } from '../fixtures/recorded-log.ts'
import { type TestDatabase, testDatabase } from './postgres-server.ts'

/** Generous to each statement of a migration on a slow machine; the wait for the lock is longer. */
const STATEMENT_TIMEOUT_MS = 2000

describe('migrations', () => {
  let test: TestDatabase
  let processes: PostgresDatabase[]

  before(async () => {
    test = await testDatabase()
    processes = [1, 2, 3].map(
      () => new PostgresDatabase({ url: test.url, log: new RecordedLog(), poolMin: 0 }),
    )
  })
  after(async () => {
    for (const database of processes ?? []) await database.close()
    await test?.drop()
  })

  it('run once when three processes start together, and never again', async () => {
    const [one] = processes
    assert.ok(one)
    const pending = await pendingMigrations(one.kysely)
    assert.ok(pending.length > 0)
    const applied = await Promise.all(processes.map((database) => migrate(database.kysely)))
    assert.deepEqual(applied.flat().sort(), pending)
    assert.deepEqual(await pendingMigrations(one.kysely), [])
    assert.deepEqual(await migrate(one.kysely), [])
  })

  it('keep what was applied before one that fails, name it, and go on with it once its cause is mended', async () => {
    const other = await testDatabase()
    const database = new PostgresDatabase({ url: other.url, log: new RecordedLog(), poolMin: 0 })
    try {
      const all = await pendingMigrations(database.kysely)
      // In the middle of what 0011 does: what stands before it there must be gone again.
      await sql`CREATE TABLE api_key_uses (mine text)`.execute(database.kysely)
      const error = await rejectsWith('IDGEN_SCHEMA_MISMATCH', migrate(database.kysely))
      assert.match(
        error.message,
        /^The migration 0011_guarded-keys failed: relation "api_key_uses" already exists \(42P07\)\. .*run idgen migrate/,
      )
      const left = all.filter((name) => name >= '0011')
      assert.deepEqual(await pendingMigrations(database.kysely), left)
      await sql`DROP TABLE api_key_uses`.execute(database.kysely)
      const migrating = await whileAnOlderOneMigrates(database, async () => {
        const applied = migrate(database.kysely)
        await until(async () => (await waitingForALock(database)) === 1)
        assert.deepEqual(await pendingMigrations(database.kysely), left)
        return { applied }
      })
      assert.deepEqual(await migrating.applied, left)
    } finally {
      await database.close()
      await other.drop()
    }
  })

  for (const [isolation, limitMs] of [
    ['repeatable read', 0],
    ['serializable', STATEMENT_TIMEOUT_MS],
  ] as const)
    it(`run once where ${isolation} is the default, and outwait a limit on statements of ${limitMs} ms`, async () => {
      const other = await testDatabase()
      const [one, two] = [1, 2].map(() => processOf(other.url, isolation, limitMs))
      assert.ok(one && two)
      try {
        const pending = await pendingMigrations(one.kysely)
        const migrating = await whileAnOlderOneMigrates(one, async () => {
          const applied = Promise.all([one, two].map(({ kysely }) => migrate(kysely)))
          // Else it would count as unhandled where it fails before it is awaited.
          applied.catch(() => {})
          await until(async () => (await waitingForALock(one)) === 2)
          await delay(limitMs * 1.2)
          assert.equal(await waitingForALock(one), 2, 'the limit on statements ended a wait')
          return { applied }
        })
        assert.deepEqual((await migrating.applied).flat().sort(), pending)
        assert.deepEqual(await pendingMigrations(one.kysely), [])
      } finally {
        await one.close()
        await two.close()
        await other.drop()
      }
    })

  it('wait for a dump that reads a table, without keeping others from reading it', async () => {
    const [one, two, three] = processes
    assert.ok(one && two && three)
    await sql
      .raw(`
      DELETE FROM idgen_migrations WHERE name >= '0011';
      DROP TABLE seals, api_key_uses, settings_in_force;
      ALTER TABLE api_keys DROP COLUMN previous_hash, DROP COLUMN previous_until;
      ALTER TABLE audit_chains DROP COLUMN cut_seal;
      ALTER TABLE biz_tags DROP COLUMN format`)
      .execute(one.kysely)
    const migrating = await one.kysely.transaction().execute(async (dump) => {
      await sql`SELECT id FROM api_keys`.execute(dump)
      const applied = migrate(two.kysely)
      const waits = sql<{ n: number }>`
        SELECT count(*)::int AS n FROM pg_locks WHERE NOT granted AND relation = 'api_keys'::regclass`
      for (let tries = 0; (await waits.execute(dump)).rows[0]?.n === 0; tries += 1) {
        assert.ok(tries < 500, 'the migration does not wait for the table')
        await delay(10)
      }
      // Behind the migration in the queue: it would get its turn only after the dump.
      await sql`SELECT id FROM api_keys`.execute(three.kysely)
      return { applied }
    })
    assert.deepEqual(await migrating.applied, [
      '0011_guarded-keys',
      '0012_tag-formats',
      '0013_settings-in-force',
      '0014_rounded-graves',
    ])
  })

  it('round the graves of tags that others may have had, as later ones are', async () => {
    const other = await testDatabase()
    const database = new PostgresDatabase({ url: other.url, log: new RecordedLog(), poolMin: 0 })
    const small = { startAt: 501, cellSize: 1000, dcCount: 3 }
    const graves: readonly (readonly [space: NumberSpace, high: number, revision: number])[] = [
      [small, 501, 1],
      [small, 502, 1],
      [small, 3501, 1],
      [small, 3502, 1],
      [small, 3502, 0],
      [{ ...small, dcCount: 1 }, 3502, 1],
      [DEFAULT_SPACE, 4_294_967_597, 7],
      [small, SEGMENT_LIMIT - 1, 1],
      [small, SEGMENT_LIMIT, 1],
      [{ ...small, startAt: 0, cellSize: 2 ** 53 / 4 }, SEGMENT_LIMIT - 1, 1],
    ]
    try {
      const db = database.kysely
      await migrate(db)
      await sql`
        WITH w AS (INSERT INTO workspaces (name, display_name) VALUES ('w', '') RETURNING id)
        INSERT INTO groups (workspace_id, name, display_name) SELECT id, 'g', '' FROM w`.execute(db)
      for (const [id, [space, high, revision]] of graves.entries())
        await sql`
          INSERT INTO biz_tags (id, group_id, name, display_name, chain, step_base, step_min, step_max, start_at,
            cell_size, dc_count, deleted_at, high_water, config_revision)
          SELECT ${id + 1}, id, 't', '', '{segment}', 1, 1, 1, ${space.startAt}, ${space.cellSize}, ${space.dcCount},
            now(), ${high}, ${revision} FROM groups`.execute(db)
      await sql`DELETE FROM idgen_migrations WHERE name = '0014_rounded-graves'`.execute(db)
      assert.deepEqual(await migrate(db), ['0014_rounded-graves'])
      const kept = await db.selectFrom('biz_tags').select('high_water').orderBy('id').execute()
      assert.deepEqual(
        kept.map(({ high_water }) => high_water),
        graves.map(([space, high, revision]) => (revision === 0 ? high : tombstoneHigh(space, high))),
      )
    } finally {
      await database.close()
      await other.drop()
    }
  })

  it('accept a schema that a newer idgen went on with, and refuse one of another program', async () => {
    const [one] = processes
    assert.ok(one)
    await sql`INSERT INTO idgen_migrations (name, timestamp) VALUES ('9999_future', '')`.execute(one.kysely)
    assert.deepEqual(await migrate(one.kysely), [])
    await sql`DELETE FROM idgen_migrations WHERE name = '0001_catalog'`.execute(one.kysely)
    const error = await rejectsWith('IDGEN_SCHEMA_MISMATCH', migrate(one.kysely))
    assert.match(error.message, /9999_future.*0001_catalog/)
  })

  it('leave a constraint that no two cells of one tag can pass', async () => {
    const [one] = processes
    assert.ok(one)
    const db = one.kysely
    await sql`INSERT INTO workspaces (name, display_name) VALUES ('w', '')`.execute(db)
    await sql`INSERT INTO groups (workspace_id, name, display_name) SELECT id, 'g', '' FROM workspaces`.execute(
      db,
    )
    await sql`
      INSERT INTO biz_tags (id, group_id, name, display_name, chain, step_base, step_min, step_max, start_at, cell_size, dc_count)
      SELECT n, id, 't' || n, '', '{segment}', 1, 1, 1, 0, 1000, 8 FROM groups, generate_series(1, 2) AS n`.execute(
      db,
    )
    const [first, second] = (await db.selectFrom('biz_tags').select('id').orderBy('id').execute()).map(
      (t) => t.id,
    )
    assert.ok(first !== undefined && second !== undefined)
    const insert = (tag_id: number, cell: number, lo: number, hi: number) =>
      db.insertInto('ranges').values({ tag_id, dc: 0, cell, lo, hi }).execute()
    await insert(first, 0, 0, 1000)
    await insert(first, 1, 1000, 2000)
    await insert(second, 0, 0, 1000)
    await insert(second, 5, 2 ** 53 - 1000, 2 ** 53)
    await assert.rejects(insert(first, 2, 1999, 3000), /ranges_never_overlap/)
    await assert.rejects(insert(first, 3, 500, 600), /ranges_never_overlap/)
    await assert.rejects(insert(first, 4, 2 ** 53 - 1, 2 ** 53 + 2), /check constraint/)
  })
})

/** As ALTER ROLE … SET would have it, or the URL. A statement of a migration takes some milliseconds. */
function processOf(databaseUrl: string, isolation: string, limitMs: number): PostgresDatabase {
  const url = new URL(databaseUrl)
  const options = `-c default_transaction_isolation=${isolation.replace(' ', '\\ ')} -c statement_timeout=${limitMs}`
  url.searchParams.set('options', options)
  return new PostgresDatabase({ url: url.href, log: new RecordedLog(), poolMin: 0 })
}

/** A release that uses kysely's migrator holds this lock for its session. */
async function whileAnOlderOneMigrates<T>(database: PostgresDatabase, work: () => Promise<T>): Promise<T> {
  return await database.kysely.connection().execute(async (older) => {
    await sql`SELECT pg_advisory_lock(3853314791062309107)`.execute(older)
    try {
      return await work()
    } finally {
      await sql`SELECT pg_advisory_unlock(3853314791062309107)`.execute(older)
    }
  })
}

async function waitingForALock({ kysely }: PostgresDatabase): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    SELECT count(*)::int AS n FROM pg_locks
    WHERE NOT granted AND locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`.execute(
    kysely,
  )
  return rows[0]?.n ?? 0
}

/** Half a minute, for a busy machine. */
async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await holds()); tries += 1) {
    assert.ok(tries < 600, 'waited in vain')
    await delay(50)
  }
}
