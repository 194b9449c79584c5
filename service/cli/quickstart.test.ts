import assert from 'node:assert/strict'
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { memoryUseCases } from '../../test/fixtures/memory-use-cases.ts'
import { temporaryFolder } from '../../test/fixtures/temporary-folder.ts'
import { MemoryApiKeyStore } from '../adapters/memory/memory-api-key-store.ts'
import { MemoryCatalog } from '../adapters/memory/memory-catalog.ts'
import { MemoryClock } from '../adapters/memory/memory-clock.ts'
import { IdgenError } from '../core/errors.ts'
import type { ApiKey } from '../ports/api-key-store.ts'
import { quickstart } from './quickstart.ts'

const ADDRESS = { origin: 'http://localhost:8080', hasPages: true }

function keptIn(folder: string): string {
  return readFileSync(join(folder, 'quickstart-key'), 'utf8')
}

/** As a folder in memory does when its process ends. */
function forget(folder: string): void {
  rmSync(join(folder, 'quickstart-key'))
}

test('the quickstart key issues, manages and audits, and a second start keeps it', async () => {
  const folder = temporaryFolder('idgen-quickstart-')
  const { useCases } = await memoryUseCases()
  const address = ADDRESS
  const first = await quickstart(useCases, folder, address)
  const key = keptIn(folder)
  assert.ok(first.includes(key))
  const { scopes, within } = await useCases.authenticator.authenticate(key)
  assert.deepEqual({ scopes, within }, { scopes: ['issue', 'manage', 'audit'], within: '' })
  assert.equal(await quickstart(useCases, folder, address), first)
  assert.match(first, /http:\/\/localhost:8080\/ui, where you sign in/)
  assert.doesNotMatch(await quickstart(useCases, folder, { ...address, hasPages: false }), /sign in/)
  assert.match(first, /curl -s http:/)
  const encrypted = { origin: 'https://localhost:8443', trusts: 'tls/tls.crt', hasPages: true }
  assert.match(await quickstart(useCases, folder, encrypted), /curl -s --cacert tls\/tls\.crt https:/)
})

test('a start whose key was lost makes another one, and the lost one ends', async () => {
  const [folder, other] = [temporaryFolder('idgen-quickstart-'), temporaryFolder('idgen-quickstart-')]
  const { useCases } = await memoryUseCases()
  const { authenticator, keys } = useCases
  const made: string[] = []
  for (let start = 0; start < 3; start += 1) {
    if (start > 0) forget(folder)
    await quickstart(useCases, folder, ADDRESS)
    await quickstart(useCases, other, ADDRESS)
    made.push(keptIn(folder))
  }
  assert.equal(new Set(made).size, 3)
  for (const lost of made.slice(0, 2))
    await assert.rejects(authenticator.authenticate(lost), { code: 'IDGEN_UNAUTHENTICATED' })
  await authenticator.authenticate(keptIn(folder))
  await authenticator.authenticate(keptIn(other))
  const { items } = await keys.list({ after: undefined, limit: 100 }, '')
  assert.equal(items.filter(({ key }) => key.name === 'quickstart').length, 2, 'one for each folder')
})

test('a demo key that somebody revoked stays revoked, and its successor is one key too', async () => {
  const folder = temporaryFolder('idgen-quickstart-')
  const { useCases } = await memoryUseCases()
  const { authenticator, keys } = useCases
  await quickstart(useCases, folder, ADDRESS)
  const revoked = keptIn(folder)
  const { keyId } = await authenticator.authenticate(revoked)
  await keys.revoke({ actor: 'test', traceId: undefined }, keyId)
  await quickstart(useCases, folder, ADDRESS)
  const next = keptIn(folder)
  forget(folder)
  await quickstart(useCases, folder, ADDRESS)
  for (const ended of [revoked, next])
    await assert.rejects(authenticator.authenticate(ended), { code: 'IDGEN_UNAUTHENTICATED' })
  await authenticator.authenticate(keptIn(folder))
})

/** Whether a key is valid cannot be told while `isAway`. */
class LostKeys extends MemoryApiKeyStore {
  isAway = false

  override async find(id: string): Promise<ApiKey | undefined> {
    if (this.isAway) throw new IdgenError('IDGEN_STORE_UNAVAILABLE', 'The keys cannot be read.')
    return super.find(id)
  }
}

test('a store that cannot tell whether the demo key is valid does not end it', async () => {
  const folder = temporaryFolder('idgen-quickstart-')
  const store = new LostKeys(new MemoryCatalog(new MemoryClock()))
  const { useCases } = await memoryUseCases({ outside: { keys: store } })
  await quickstart(useCases, folder, ADDRESS)
  const key = keptIn(folder)
  store.isAway = true
  await assert.rejects(quickstart(useCases, folder, ADDRESS), { code: 'IDGEN_STORE_UNAVAILABLE' })
  store.isAway = false
  assert.equal(keptIn(folder), key)
  await useCases.authenticator.authenticate(key)
})
