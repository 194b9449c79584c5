import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PostgresDatabase } from '../../service/adapters/postgres/database.ts'
import { migrate } from '../../service/adapters/postgres/migrate.ts'
import { sealKey } from '../../service/adapters/postgres/seal-key.ts'
import { SILENT } from '../fixtures/silent-log.ts'
import { testDatabase } from './postgres-server.ts'

async function openDatabase() {
  const server = await testDatabase()
  const database = new PostgresDatabase({ url: server.url, log: SILENT, poolMax: 8, poolMin: 0 })
  await migrate(database.kysely)
  const close = async (): Promise<void> => {
    await database.close()
    await server.drop()
  }
  return { database, [Symbol.asyncDispose]: close }
}

test('all processes of a database get one key that signs, however many ask first, and another database has another', async () => {
  await using one = await openDatabase()
  await using other = await openDatabase()
  const keys = await Promise.all(Array.from({ length: 8 }, () => sealKey(one.database, 'shared-records')))
  const [first = new Uint8Array()] = keys
  assert.equal(first.length, 32)
  for (const key of keys) assert.deepEqual(key, first)
  assert.notDeepEqual(await sealKey(other.database, 'shared-records'), first)
})
