import { test } from 'node:test'
import { PostgresDatabase } from '../../service/adapters/postgres/database.ts'
import { migrate } from '../../service/adapters/postgres/migrate.ts'
import { PostgresCatalogStore } from '../../service/adapters/postgres/postgres-catalog-store.ts'
import { PostgresTimeCopyStore } from '../../service/adapters/postgres/postgres-time-copy-store.ts'
import { DEFAULT_SPACE, DEFAULT_STEP } from '../../service/core/tag.ts'
import type { NewTag } from '../../service/ports/catalog-store.ts'
import { rejectsWith } from '../contracts/rejects-with.ts'
import { RecordedLog } from '../fixtures/recorded-log.ts'
import { testDatabase } from './postgres-server.ts'

function newTag(name: string): NewTag {
  const rest = { chain: ['segment'] as const, step: DEFAULT_STEP, space: DEFAULT_SPACE }
  return { workspace: 'w', group: 'g', name, displayName: '', ...rest }
}

test('a process without etcd neither makes nor deletes tags of a database that etcd has a say in', async (t) => {
  const created = await testDatabase()
  t.after(() => created.drop())
  await using database = Object.assign(
    new PostgresDatabase({ url: created.url, log: new RecordedLog(), poolMin: 0 }),
    { [Symbol.asyncDispose]: () => database.close() },
  )
  await migrate(database.kysely)
  const alone = new PostgresCatalogStore(database, { alone: true })
  const joined = new PostgresCatalogStore(database)
  await alone.createWorkspace('w', '')
  await alone.createGroup('w', 'g', '')
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
