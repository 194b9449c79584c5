// Runs beside others: of the clock it takes only an hour that is over.

import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import pg from 'pg'
import { startEmbeddedPostgres } from '../../service/adapters/embedded/embedded-postgres.ts'
import { RecordedLog } from '../fixtures/recorded-log.ts'
import { temporaryFolder } from '../fixtures/temporary-folder.ts'
import { initialiseCluster } from './initialised-cluster.ts'

test('a cluster is made once, and each copy of it is a server of its own', async (t) => {
  const cache = temporaryFolder('idgen-cluster-cache-')
  const parent = temporaryFolder('idgen-clusters-')
  const identifiers: string[] = []
  for (const round of ['made', 'copied', 'copied again']) {
    const folder = await mkdtemp(join(parent, 'c-'))
    await initialiseCluster(folder, cache)
    identifiers.push(await identifierOf(t, folder))
    assert.equal((await readdir(cache)).length, 1, round)
  }
  const [made, ...copies] = identifiers
  assert.deepEqual(copies, [made, made], 'initdb ran once')
})

test('those of other programs go once nobody has used them for an hour, and no sooner', async () => {
  const cache = temporaryFolder('idgen-cluster-cache-')
  const parent = temporaryFolder('idgen-clusters-')
  for (const [name, minutes] of [
    ['used', 50],
    ['unused', 70],
  ] as const) {
    const path = join(cache, `postgres-cluster-${name}`)
    await mkdir(path)
    const usedAt = new Date(Date.now() - minutes * 60_000)
    await utimes(path, usedAt, usedAt)
  }
  await initialiseCluster(await mkdtemp(join(parent, 'c-')), cache)
  const left = await readdir(cache)
  assert.deepEqual([left.length, left.includes('postgres-cluster-used')], [2, true], left.join(' '))
})

test('where nothing can be kept, each is made by initdb', async (t) => {
  const parent = temporaryFolder('idgen-clusters-')
  const folders = [await mkdtemp(join(parent, 'c-')), await mkdtemp(join(parent, 'c-'))]
  const identifiers: string[] = []
  for (const folder of folders) {
    await initialiseCluster(folder, '/dev/null/cache')
    identifiers.push(await identifierOf(t, folder))
  }
  assert.notEqual(identifiers[0], identifiers[1])
})

/** Of the cluster in `folder`, told by a server that runs on it and answers. */
async function identifierOf(t: TestContext, folder: string): Promise<string> {
  const server = await startEmbeddedPostgres({ folder, log: new RecordedLog() })
  t.after(() => server.stop())
  const client = new pg.Client({ connectionString: server.url })
  await client.connect()
  const { rows } = await client.query<{ told: string }>(
    'SELECT system_identifier::text AS told FROM pg_control_system()',
  )
  await client.end()
  await server.stop()
  return rows[0]?.told ?? ''
}
