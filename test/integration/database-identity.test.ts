import assert from 'node:assert/strict'
import { test } from 'node:test'
import pg from 'pg'
import { PostgresDatabase } from '../../service/adapters/postgres/database.ts'
import { databaseIdentity } from '../../service/adapters/postgres/database-identity.ts'
import { migrate } from '../../service/adapters/postgres/migrate.ts'
import { rejectsWith } from '../contracts/rejects-with.ts'
import { RecordedLog } from '../fixtures/recorded-log.ts'
import { testDatabase } from './postgres-server.ts'

function open(url: string): PostgresDatabase {
  return new PostgresDatabase({ url, log: new RecordedLog(), poolMax: 2, poolMin: 0 })
}

test('a database is told from its neighbour and its copy, and stays itself when it is renamed', async (t) => {
  const home = await testDatabase()
  const neighbour = await testDatabase()
  t.after(() => Promise.all([home.drop(), neighbour.drop()]))
  const one = open(home.url)
  const other = open(neighbour.url)
  await rejectsWith('IDGEN_SCHEMA_MISMATCH', databaseIdentity(one))
  await Promise.all([migrate(one.kysely), migrate(other.kysely)])
  const identity = await databaseIdentity(one)
  assert.match(identity, /^\d+\/\d+\/\d+$/)
  assert.notEqual(await databaseIdentity(other), identity)
  await one.close()

  const name = new URL(home.url).pathname.slice(1)
  const admin = new pg.Client({ connectionString: neighbour.url })
  await admin.connect()
  await admin.query(`CREATE DATABASE ${name}_copy TEMPLATE ${name}`)
  await admin.query(`ALTER DATABASE ${name} RENAME TO ${name}_renamed`)
  const copy = open(home.url.replace(name, `${name}_copy`))
  const renamed = open(home.url.replace(name, `${name}_renamed`))
  assert.notEqual(await databaseIdentity(copy), identity)
  assert.equal(await databaseIdentity(renamed), identity)
  await Promise.all([copy.close(), renamed.close(), other.close()])
  await admin.query(`ALTER DATABASE ${name}_renamed RENAME TO ${name}`)
  await admin.query(`DROP DATABASE ${name}_copy`)
  await admin.end()
})

test('two sets of tables in one database, in schemas of their own, are two databases', async (t) => {
  const home = await testDatabase()
  t.after(() => home.drop())
  const one = open(home.url)
  await migrate(one.kysely)
  const identity = await databaseIdentity(one)
  const admin = new pg.Client({ connectionString: home.url })
  await admin.connect()
  await admin.query('CREATE SCHEMA second; CREATE TABLE second.biz_tags ()')
  await admin.end()
  const second = open(`${home.url}?options=-csearch_path%3Dsecond`)
  assert.notEqual(await databaseIdentity(second), identity)
  assert.equal(await databaseIdentity(one), identity, 'a schema beside it changes nothing')
  await Promise.all([one.close(), second.close()])
})
