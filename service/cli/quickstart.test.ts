import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { memoryUseCases } from '../../test/fixtures/memory-use-cases.ts'
import { temporaryFolder } from '../../test/fixtures/temporary-folder.ts'
import { quickstart } from './quickstart.ts'

test('the quickstart key issues, manages and audits, and a second start keeps it', async () => {
  const folder = temporaryFolder('idgen-quickstart-')
  const { useCases } = await memoryUseCases()
  const address = { origin: 'http://localhost:8080', hasPages: true }
  const first = await quickstart(useCases, folder, address)
  const key = readFileSync(join(folder, 'quickstart-key'), 'utf8')
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
