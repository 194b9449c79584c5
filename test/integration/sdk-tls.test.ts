import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { grpc } from '../../sdk/grpc.ts'
import { type ClientOptions, IdgenClient } from '../../sdk/index.ts'
import { IdCalls } from '../fixtures/id-calls.ts'
import { makeTags } from '../fixtures/load-client.ts'
import { selfSigned } from '../fixtures/self-signed.ts'
import { startService } from '../fixtures/service-process.ts'
import { temporaryFolder } from '../fixtures/temporary-folder.ts'
import { testDatabase } from './postgres-server.ts'

const KEY = 'sdk-tls-admin-key'

test('the client trusts the certificate it is given, says so when it has none, and follows no redirect', async (t) => {
  const database = await testDatabase()
  t.after(() => database.drop())
  const folder = temporaryFolder('idgen-sdk-tls-')
  const certificate = selfSigned('idgen')
  const [cert, key] = [join(folder, 'tls.crt'), join(folder, 'tls.key')]
  await writeFile(cert, certificate.cert)
  await writeFile(key, certificate.key)
  const environment = { IDGEN_DATABASE_URL: database.url, IDGEN_AUTH_ADMIN_KEY: KEY }
  const plain = await startService(environment)
  t.after(() => plain.stop('SIGKILL'))
  const calls = new IdCalls(KEY, 5000, () => false)
  await makeTags(calls, plain, { orders: { algorithm: 'segment' } })
  calls.close()
  const secure = await startService({
    ...environment,
    IDGEN_SERVER_HTTPS_CERT: cert,
    IDGEN_SERVER_HTTPS_KEY: key,
    IDGEN_SERVER_HTTPS_PORT: '0',
    IDGEN_SERVER_GRPC_TLS: 'true',
  })
  t.after(() => secure.stop('SIGKILL'))
  const https = `https://localhost:${Number(secure.log.find(({ msg }) => msg === 'listening')?.['httpsPort'])}`
  const grpcs = `grpcs://localhost:${secure.grpcAddress.split(':')[1]}`
  const next = (options: ClientOptions): Promise<number> => {
    const client = new IdgenClient({ key: KEY, deadlineMs: 1500, ...options })
    t.after(() => client.close())
    return client.numbers('demo/load/orders').next()
  }

  const ca = certificate.cert
  const first = await next({ endpoints: https, ca })
  assert.notEqual(await next({ endpoints: grpcs, transport: grpc(), ca }), first)
  for (const options of [{ endpoints: https }, { endpoints: grpcs, transport: grpc() }])
    await assert.rejects(next(options), (error: Error) => {
      assert.match(error.message, /certificate/)
      assert.match(String(error.cause), /IDGEN_CLIENT_UNREACHABLE|cannot be reached|certificate/)
      return true
    })
  await assert.rejects(next({ endpoints: secure.httpOrigin }), {
    code: 'IDGEN_CLIENT_ANSWER_INVALID',
    retryable: false,
    message: /sends callers on to https:.*Give the address it leads to/,
  })
})
