// Runs beside others: it looks at no clock.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import pg from 'pg'
import { codeBlocks, documents } from '../../scripts/docs/documents.ts'
import { testDatabase } from './postgres-server.ts'

const NOT_NULL_VIOLATION = '23502'

test('docs/migration.md: a fenced sequence of PostgreSQL tells its last number, and fails loudly after', async (t) => {
  const database = await testDatabase()
  const client = new pg.Client(database.url)
  await client.connect()
  t.after(async () => {
    await client.end()
    await database.drop()
  })
  await client.query('CREATE TABLE orders (id serial, what text NOT NULL)')
  const insert = "INSERT INTO orders (what) VALUES ('a'), ('b'), ('c')"
  await client.query(insert)
  const page = documents().find(({ path }) => path === 'docs/migration.md')
  const block = page && codeBlocks(page).find(({ text }) => text.includes('last_value'))
  assert.ok(block !== undefined)
  // Several statements give as many results.
  const results: unknown = await client.query(block.text)
  assert.ok(Array.isArray(results))
  const rows = results.flatMap(({ rows: found }: pg.QueryResult<Record<string, unknown>>) => found)
  assert.deepEqual(rows, [{ last_value: '3' }])
  await assert.rejects(client.query(insert), { code: NOT_NULL_VIOLATION })
})
