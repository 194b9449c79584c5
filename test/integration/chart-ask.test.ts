import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { selfSigned } from '../fixtures/self-signed.ts'
import { type ServiceProcess, startService } from '../fixtures/service-process.ts'
import { temporaryFolder } from '../fixtures/temporary-folder.ts'

/** The program that `helm test` runs in a pod, against the real service. */
const PROGRAM = readFileSync(join(import.meta.dirname, '../../charts/idgen/files/ask.ts'), 'utf8')
const KEY = 'integration-admin-key'
const TAG = 'workspaces/shop/groups/sales/tags/order'

interface Outcome {
  readonly failed: boolean
  readonly output: string
}

/** As the template has it: the text on the command line, all else in the environment. */
function ask(env: Readonly<Record<string, string>>): Promise<Outcome> {
  const args = ['--input-type=module-typescript', '--eval', PROGRAM]
  const options = { env: { READY_MAX_SECONDS: '0', ...env }, timeout: 30_000 }
  return new Promise((resolve) => {
    execFile(process.execPath, args, options, (error, out, err) => {
      resolve({ failed: error !== null, output: out + err })
    })
  })
}

describe('helm test', () => {
  let folder: string
  let service: ServiceProcess

  before(async () => {
    folder = temporaryFolder('idgen-chart-ask-')
    service = await startService({ IDGEN_DATA_DIR: folder, IDGEN_AUTH_ADMIN_KEY: KEY })
    const parts = [
      ['/v1/workspaces', 'shop'],
      ['/v1/workspaces/shop/groups', 'sales'],
      ['/v1/workspaces/shop/groups/sales/tags', 'order'],
    ]
    for (const [path, name] of parts)
      await fetch(`${service.httpOrigin}${path}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
        body: JSON.stringify({ name }),
      })
  })

  after(() => service.stop('SIGTERM'))

  test('passes when every tag gives out two different IDs', async () => {
    const { failed, output } = await ask({
      SERVICE_URL: service.httpOrigin,
      SERVICE_KEY: KEY,
      SERVICE_TAGS: `${TAG} ${TAG}`,
    })
    assert.equal(failed, false, output)
    assert.match(output, /tags\/order: 1 2\n[^]*tags\/order: 3 4\n/)
  })

  test('passes without a tag when the key is right', async () => {
    const { failed, output } = await ask({
      SERVICE_URL: service.httpOrigin,
      SERVICE_KEY: KEY,
      SERVICE_TAGS: '',
    })
    assert.equal(failed, false, output)
  })

  test('fails with the answer of the service when the key is wrong', async () => {
    const { failed, output } = await ask({ SERVICE_URL: service.httpOrigin, SERVICE_KEY: 'wrong' })
    assert.equal(failed, true)
    assert.match(output, /\/v1\/workspaces: 401 .*IDGEN_UNAUTHENTICATED/)
  })

  test('fails with the answer of the service when a tag is missing', async () => {
    const missing = `${TAG}s`
    const { failed, output } = await ask({
      SERVICE_URL: service.httpOrigin,
      SERVICE_KEY: KEY,
      SERVICE_TAGS: missing,
    })
    assert.equal(failed, true)
    assert.match(output, /tags\/orders\/ids: 404 .*IDGEN_TAG_NOT_FOUND/)
  })

  test('waits for an operator that is not ready yet, and fails with why when it does not become so', async () => {
    const answers = ['not listed yet: BizTag', 'not listed yet: BizTag', undefined]
    const operator = createServer((_request, response) => {
      const trouble = answers.shift()
      response.writeHead(trouble === undefined ? 200 : 503).end(trouble ?? 'ok')
    }).listen(0, '127.0.0.1')
    await once(operator, 'listening')
    const url = `http://127.0.0.1:${(operator.address() as AddressInfo).port}`
    try {
      const impatient = await ask({ OPERATOR_URL: url })
      assert.equal(impatient.failed, true)
      assert.match(impatient.output, /\/readyz: 503 not listed yet: BizTag/)
      const patient = await ask({ OPERATOR_URL: url, READY_MAX_SECONDS: '20' })
      assert.equal(patient.failed, false, patient.output)
    } finally {
      operator.close()
    }
  })

  test('asks over TLS, and trusts whom it is told to', async () => {
    const own = selfSigned('operator')
    const operator = createSecureServer(own, (_request, response) => response.end('ok')).listen(
      0,
      '127.0.0.1',
    )
    await once(operator, 'listening')
    const OPERATOR_URL = `https://127.0.0.1:${(operator.address() as AddressInfo).port}`
    const file = join(temporaryFolder('idgen-chart-ask-'), 'ca.crt')
    writeFileSync(file, own.cert)
    try {
      const stranger = await ask({ OPERATOR_URL, AUTHORITIES: '/nowhere/ca.crt' })
      assert.equal(stranger.failed, true)
      assert.match(stranger.output, /\/readyz: 0 .*self-signed/)
      const trusting = await ask({ OPERATOR_URL, AUTHORITIES: `/nowhere/ca.crt ${file}` })
      assert.equal(trusting.failed, false, trusting.output)
    } finally {
      operator.close()
    }
  })

  test('fails when nothing listens', async () => {
    const { failed, output } = await ask({ OPERATOR_URL: 'http://127.0.0.1:1' })
    assert.equal(failed, true)
    assert.match(output, /\/readyz: 0 .*(ECONNREFUSED|bad port)/)
  })
})
