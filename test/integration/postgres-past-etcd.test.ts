import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { PostgresDatabase } from '../../service/adapters/postgres/database.ts'
import { migrate } from '../../service/adapters/postgres/migrate.ts'
import { PostgresCatalogStore } from '../../service/adapters/postgres/postgres-catalog-store.ts'
import { PostgresSegmentLedger } from '../../service/adapters/postgres/postgres-segment-ledger.ts'
import { PostgresTimeCopyStore } from '../../service/adapters/postgres/postgres-time-copy-store.ts'
import { SegmentAllocator } from '../../service/app/segment-allocator.ts'
import { DEFAULT_SPACE, DEFAULT_STEP } from '../../service/core/tag.ts'
import type { NewTag } from '../../service/ports/catalog-store.ts'
import { rejectsWith } from '../contracts/rejects-with.ts'
import { RecordedLog } from '../fixtures/recorded-log.ts'
import { testDatabase } from './postgres-server.ts'

function newTag(name: string): NewTag {
  const rest = { chain: ['segment'] as const, step: DEFAULT_STEP, space: DEFAULT_SPACE }
  return { workspace: 'w', group: 'g', name, displayName: '', ...rest }
}

async function openDatabase(t: TestContext): Promise<PostgresDatabase> {
  const created = await testDatabase()
  const database = new PostgresDatabase({ url: created.url, log: new RecordedLog(), poolMin: 0 })
  t.after(async () => {
    await database.close()
    await created.drop()
  })
  await migrate(database.kysely)
  const catalog = new PostgresCatalogStore(database)
  await catalog.createWorkspace('w', '')
  await catalog.createGroup('w', 'g', '')
  return database
}

test('a process without etcd neither makes nor deletes tags of a database that etcd has a say in', async (t) => {
  const database = await openDatabase(t)
  const alone = new PostgresCatalogStore(database, { alone: true })
  const joined = new PostgresCatalogStore(database)
  await alone.createTag(newTag('before'))
  const times = new PostgresTimeCopyStore(database)
  await times.authority(3, { store: 'etcd', layoutHash: 'hash' })
  await rejectsWith('IDGEN_COORDINATION_MISMATCH', alone.createTag(newTag('after')))
  await rejectsWith('IDGEN_COORDINATION_MISMATCH', alone.deleteTag(newTag('before'), undefined))
  await alone.updateTag(newTag('before'), { displayName: 'settings may change' }, undefined)
  await joined.createTag(newTag('after'))
  await times.moveAuthority(3, 0, 'postgres', new Map())
  await alone.deleteTag(newTag('before'), undefined)
})

test('a process without etcd is granted no numbers where etcd grants, also of a tag etcd never witnessed', async (t) => {
  const database = await openDatabase(t)
  const tag = await new PostgresCatalogStore(database).createTag(newTag('t'))
  const ledger = new PostgresSegmentLedger(database, { instance: 'alone' })
  const segments = new SegmentAllocator({ ledger })
  const times = new PostgresTimeCopyStore(database)
  await times.authority(0, { store: 'etcd', layoutHash: 'hash' })
  await rejectsWith('IDGEN_COORDINATION_MISMATCH', segments.allocate(tag.id, 0, 10))
  assert.equal(
    (await segments.allocate(tag.id, 1, 10)).hi,
    2 ** 32 + 11,
    'another data centre may do without',
  )
  await times.moveAuthority(0, 0, 'postgres', new Map())
  assert.equal((await segments.allocate(tag.id, 0, 10)).hi, 11)
})
