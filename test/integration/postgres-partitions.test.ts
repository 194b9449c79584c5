import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { sql } from 'kysely'
import { PostgresDatabase } from '../../service/adapters/postgres/database.ts'
import { migrate } from '../../service/adapters/postgres/migrate.ts'
import { PartitionUpkeep } from '../../service/adapters/postgres/partition-upkeep.ts'
import { dropExpired, ensurePartitions, strayRows } from '../../service/adapters/postgres/partitions.ts'
import { PostgresAuditSink } from '../../service/adapters/postgres/postgres-audit-sink.ts'
import type { AuditPlace } from '../../service/ports/audit-reader.ts'
import type { ChainedRecord } from '../../service/ports/audit-sink.ts'
import { assertNoneTwice } from '../fixtures/none-twice.ts'
import { RecordedLog } from '../fixtures/recorded-log.ts'
import { type TestDatabase, testDatabase } from './postgres-server.ts'

const seal = (chain: string, { seq, hash }: AuditPlace) => `seal of ${chain} ${seq} ${hash}`

describe('monthly partitions', () => {
  let test: TestDatabase
  let database: PostgresDatabase
  let second: PostgresDatabase

  before(async () => {
    test = await testDatabase()
    const options = { url: test.url, log: new RecordedLog(), poolMin: 0 }
    database = new PostgresDatabase(options)
    second = new PostgresDatabase(options)
    await migrate(database.kysely)
  })
  after(async () => {
    await database?.close()
    await second?.close()
    await test?.drop()
  })

  async function audit(at: string): Promise<void> {
    await new PostgresAuditSink(database).write([
      {
        at: new Date(at),
        actor: 'system',
        action: at,
        subject: '',
        workspace: undefined,
        result: 'ok',
        traceId: undefined,
        detail: {},
      },
    ])
  }

  async function rowsIn(table: string): Promise<string[]> {
    const found = await sql<{ action: string }>`SELECT action FROM ${sql.table(table)} ORDER BY at`.execute(
      database.kysely,
    )
    return found.rows.map(({ action }) => action)
  }

  it('are made for this month and three more, by one of several processes', async () => {
    const now = new Date('2026-11-30T23:59:59.999Z')
    const made = await Promise.all([
      ensurePartitions(database.kysely, now),
      ensurePartitions(second.kysely, now),
    ])
    const months = ['202611', '202612', '202701', '202702']
    assert.deepEqual(
      made.flat(),
      ['segment_allocations', 'audit_log'].flatMap((table) => months.map((month) => `${table}_${month}`)),
    )
    assert.deepEqual(await ensurePartitions(database.kysely, now), [])
  })

  it('take the rows of their month, in UTC, from the first to the last instant', async () => {
    const rows = ['2026-12-01T00:00:00.000Z', '2026-12-31T23:59:59.999Z']
    for (const at of rows) await audit(at)
    await audit('2027-01-01T00:00:00.000Z')
    assert.deepEqual(await rowsIn('audit_log_202612'), rows)
    assert.equal(await strayRows(database.kysely), 0)
  })

  it('collect rows that had come too early once their month is made', async () => {
    await audit('2027-03-05T00:00:00.000Z')
    await audit('2027-09-05T00:00:00.000Z')
    assert.equal(await strayRows(second.kysely), 2)
    const made = await ensurePartitions(database.kysely, new Date('2026-12-10T00:00:00Z'))
    assert.deepEqual(made, ['segment_allocations_202703', 'audit_log_202703'])
    assert.deepEqual(await rowsIn('audit_log_202703'), ['2027-03-05T00:00:00.000Z'])
    assert.equal(await strayRows(database.kysely), 1)
    assert.equal((await rowsIn('audit_log')).length, 5)
  })

  it('are dropped when their whole month is older than the retention', async () => {
    assert.deepEqual(await dropExpired(database.kysely, new Date('2027-11-30T00:00:00Z'), 12, seal), [])
    const dropped = await Promise.all([
      dropExpired(database.kysely, new Date('2028-01-01T00:00:00Z'), 12, seal),
      dropExpired(second.kysely, new Date('2028-01-01T00:00:00Z'), 12, seal),
    ])
    assert.deepEqual(dropped.flat().toSorted(), [
      'audit_log_202611',
      'audit_log_202612',
      'segment_allocations_202611',
      'segment_allocations_202612',
    ])
    assert.deepEqual(await rowsIn('audit_log'), [
      '2027-01-01T00:00:00.000Z',
      '2027-03-05T00:00:00.000Z',
      '2027-09-05T00:00:00.000Z',
    ])
    assert.deepEqual(await dropExpired(database.kysely, new Date('2027-03-01T00:00:00Z'), 1, seal), [
      'segment_allocations_202701',
      'audit_log_202701',
    ])
  })

  it('are indexed and count their rows on from their neighbours', async () => {
    const ids = await sql<{ id: number }>`SELECT id FROM audit_log ORDER BY id`.execute(database.kysely)
    assertNoneTwice(ids.rows.map(({ id }) => id))
    const indexes = await sql<{ n: number }>`
      SELECT count(*)::int AS n FROM pg_indexes WHERE tablename = 'audit_log_202703'`.execute(database.kysely)
    assert.equal(indexes.rows[0]?.n, 4)
  })

  it('leave the last link of each chain that went with them, and no chain that went whole', async () => {
    const record = (at: string, seq: number, chain: string): ChainedRecord => ({
      at: new Date(at),
      actor: 'system',
      action: at,
      subject: '',
      workspace: undefined,
      result: 'ok',
      traceId: undefined,
      detail: {},
      link: { chain, seq, previousHash: `${seq - 1}`, hash: `${seq}` },
    })
    await ensurePartitions(database.kysely, new Date('2029-01-01T00:00:00Z'))
    await new PostgresAuditSink(database).write([
      record('2029-01-05T00:00:00Z', 1, 'goes'),
      record('2029-01-05T00:00:00Z', 1, 'stays'),
      record('2029-01-06T00:00:00Z', 2, 'stays'),
      record('2029-02-01T00:00:00Z', 3, 'stays'),
    ])
    await dropExpired(database.kysely, new Date('2029-03-01T00:00:00Z'), 1, seal)
    const chains = await sql`
      SELECT chain, seq, cut_seq, cut_hash, cut_seal FROM audit_chains`.execute(database.kysely)
    assert.deepEqual(chains.rows, [
      { chain: 'stays', seq: 3, cut_seq: 2, cut_hash: '2', cut_seal: 'seal of stays 2 2' },
    ])
  })
  it('are dropped behind a batch of the log that is under way, never across it', async () => {
    const month = new Date('2031-01-01T00:00:00Z')
    await ensurePartitions(database.kysely, month)
    // Else it would wait at an older month already.
    await dropExpired(database.kysely, month, 1, seal)
    const insert = (at: string, seq: number) => sql`
      INSERT INTO audit_log (at, actor, action, subject, result, detail, chain, seq, previous_hash, hash)
      VALUES (${at}, '', '', '', 'ok', '{}', 'writes', ${seq}, '', ${`${seq}`})`
    await insert('2031-01-02T00:00:00Z', 1).execute(database.kysely)
    await sql`INSERT INTO audit_chains VALUES ('writes', 1, '1', now())`.execute(database.kysely)
    const dropped = await database.kysely.transaction().execute(async (trx) => {
      await insert('2031-03-02T00:00:00Z', 2).execute(trx)
      const dropping = dropExpired(second.kysely, new Date('2031-03-03T00:00:00Z'), 1, seal)
      await waitedFor('audit_log')
      await sql`SET LOCAL lock_timeout = '200ms'`.execute(trx)
      await sql`UPDATE audit_chains SET seq = 2, hash = '2' WHERE chain = 'writes'`.execute(trx)
      return { dropping }
    })
    assert.ok((await dropped.dropping).includes('audit_log_203101'))
    const { rows } = await sql<{ seq: number; cut_seq: number }>`
      SELECT seq, cut_seq FROM audit_chains WHERE chain = 'writes'`.execute(database.kysely)
    assert.deepEqual(rows, [{ seq: 2, cut_seq: 1 }])
  })

  it('go once it is written down that they do, and stay where it is not', async () => {
    const log = new RecordedLog()
    const upkeep = new PartitionUpkeep(database.kysely, log, 12, seal)
    await ensurePartitions(database.kysely, new Date('2001-05-01T00:00:00Z'))
    const old = ['segment_allocations_200105', 'audit_log_200108']
    const present = async (): Promise<readonly string[]> => {
      const { rows } = await sql<{ name: string }>`
        SELECT relname AS name FROM pg_class WHERE relname::text = ANY(${old}::text[])`.execute(
        database.kysely,
      )
      return rows.map(({ name }) => name)
    }
    await upkeep.run()
    assert.deepEqual((await present()).toSorted(), old.toSorted(), 'nobody writes it down yet')
    const asked: { readonly months: readonly string[]; readonly present: readonly string[] }[] = []
    let isWritten = false
    upkeep.follow(async (months) => {
      asked.push({ months, present: await present() })
      return isWritten
    })
    await upkeep.stop()
    assert.equal((await present()).length, 2, 'it could not be written down')
    assert.ok(log.lines.some(({ text }) => text === 'partitions could not be kept up'))
    isWritten = true
    await upkeep.run()
    assert.deepEqual(await present(), [])
    assert.equal(asked.length, 2)
    for (const one of asked) {
      assert.equal(one.present.length, 2, 'asked before they go')
      for (const name of old) assert.ok(one.months.includes(name), name)
    }
    await upkeep.run()
    assert.equal(asked.length, 2, 'nothing is old')
  })

  async function waitedFor(table: string): Promise<void> {
    for (let tries = 0; tries < 200; tries += 1) {
      const { rows } = await sql`
        SELECT 1 FROM pg_locks WHERE relation = ${table}::regclass AND NOT granted`.execute(database.kysely)
      if (rows.length > 0) return
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    assert.fail(`nobody waits for ${table}`)
  }
})
