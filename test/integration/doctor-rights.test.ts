// Runs beside others: nothing looks at a clock.

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { sql } from 'kysely'
import { PostgresDatabase } from '../../service/adapters/postgres/database.ts'
import { migrate } from '../../service/adapters/postgres/migrate.ts'
import { NEEDED_RIGHTS, type Right } from '../../service/adapters/postgres/needed-rights.ts'
import { readRights } from '../../service/adapters/postgres/user-rights.ts'
import { SILENT } from '../fixtures/silent-log.ts'
import { leastRole } from './least-role.ts'
import { testDatabase } from './postgres-server.ts'

async function start(t: TestContext) {
  // In reverse: whoever uses a server ends before it.
  const stack = new AsyncDisposableStack()
  t.after(() => stack.disposeAsync())
  const database = await testDatabase()
  stack.defer(() => database.drop())
  const owner = new PostgresDatabase({ url: database.url, log: SILENT, poolMin: 0 })
  stack.defer(() => owner.close())
  await migrate(owner.kysely)
  // Before PostgreSQL 15 everybody may make tables.
  await sql`REVOKE CREATE ON SCHEMA public FROM PUBLIC`.execute(owner.kysely)
  const role = await leastRole(database.url)
  stack.defer(() => role.drop())
  const limited = new PostgresDatabase({ url: role.url, log: SILENT, poolMin: 0, poolMax: 1 })
  stack.defer(() => limited.close())
  return { owner, role, found: () => readRights(limited) }
}

test('doctor misses each single right that a service needs, and asks for no other', async (t) => {
  const { owner, role, found } = await start(t)
  assert.deepEqual(await found(), {
    user: role.name,
    lacking: [],
    absent: [],
    notOwned: ['audit_log', 'segment_allocations'],
    mayCreate: false,
  })
  for (const [table, rights] of Object.entries<readonly Right[]>(NEEDED_RIGHTS))
    for (const right of rights) {
      await role.query(`REVOKE ${right} ON ${table} FROM ${role.name}`)
      assert.deepEqual((await found()).lacking, [`${right} on ${table}`])
      await role.query(`GRANT ${right} ON ${table} TO ${role.name}`)
    }
  const { user, ...ofOwner } = await readRights(owner)
  assert.deepEqual(ofOwner, { lacking: [], absent: [], notOwned: [], mayCreate: true }, user)
})

test('doctor tells who owns the tables and may make none beside them, and what is not there yet', async (t) => {
  const { role, found } = await start(t)
  await role.query(`GRANT CREATE ON SCHEMA public TO ${role.name}`)
  await role.query(`ALTER TABLE audit_log OWNER TO ${role.name}`)
  await role.query(`ALTER TABLE segment_allocations OWNER TO ${role.name}`)
  const { notOwned, mayCreate } = await found()
  assert.deepEqual([notOwned, mayCreate], [[], true])
  await role.query(`REVOKE CREATE ON SCHEMA public FROM ${role.name}`)
  await role.query('DROP TABLE settings_in_force')
  const { mayCreate: still, absent } = await found()
  assert.deepEqual([still, absent], [false, ['settings_in_force']])
})
