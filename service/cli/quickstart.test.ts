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
  const first = await quickstart(useCases, folder, 'http://localhost:8080')
  const key = readFileSync(join(folder, 'quickstart-key'), 'utf8')
  assert.ok(first.includes(key))
  const { scopes, within } = await useCases.authenticator.authenticate(key)
  assert.deepEqual({ scopes, within }, { scopes: ['issue', 'manage', 'audit'], within: '' })
  assert.equal(await quickstart(useCases, folder, 'http://localhost:8080'), first)
})
