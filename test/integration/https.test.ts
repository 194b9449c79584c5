import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { connect } from 'node:tls'
import { selfSigned } from '../fixtures/self-signed.ts'
import { startService } from '../fixtures/service-process.ts'
import { temporaryFolder } from '../fixtures/temporary-folder.ts'
import { until } from '../fixtures/until.ts'
import { testDatabase } from './postgres-server.ts'

const FIRST = selfSigned('first')
const SECOND = selfSigned('second')

/** Name in the certificate that a port shows. */
async function shownAt(port: number, protocol: string): Promise<string | undefined> {
  const ca = [FIRST.cert, SECOND.cert]
  const socket = connect({ port, host: '127.0.0.1', servername: 'localhost', ALPNProtocols: [protocol], ca })
  await once(socket, 'secureConnect')
  const { CN } = socket.getPeerCertificate().subject
  socket.destroy()
  return [CN].flat()[0]
}

test('a service with a certificate answers HTTPS and gRPC with it, takes a new one, and redirects', async (t) => {
  const database = await testDatabase()
  t.after(() => database.drop())
  const folder = temporaryFolder('idgen-https-')
  const [cert, key] = [join(folder, 'tls.crt'), join(folder, 'tls.key')]
  await writeFile(cert, FIRST.cert)
  await writeFile(key, FIRST.key)
  const service = await startService({
    IDGEN_DATABASE_URL: database.url,
    IDGEN_SERVER_HTTPS_CERT: cert,
    IDGEN_SERVER_HTTPS_KEY: key,
    IDGEN_SERVER_HTTPS_PORT: '0',
    IDGEN_SERVER_GRPC_TLS: 'true',
  })
  t.after(() => service.stop('SIGTERM'))
  const listening = service.log.find(({ msg }) => msg === 'listening')
  const httpsPort = Number(listening?.['httpsPort'])
  const grpcPort = Number(service.grpcAddress.split(':')[1])
  const both = async () => [await shownAt(httpsPort, 'http/1.1'), await shownAt(grpcPort, 'h2')]
  assert.deepEqual(await both(), ['first', 'first'])
  const sent = await fetch(`${service.httpOrigin}/v1/keys`, { redirect: 'manual' })
  assert.equal(sent.status, 308)
  assert.equal(sent.headers.get('location'), `https://127.0.0.1:${httpsPort}/v1/keys`)
  assert.equal((await fetch(`${service.httpOrigin}/readyz`)).status, 200)
  await writeFile(cert, SECOND.cert)
  await writeFile(key, SECOND.key)
  await until('the new certificate is taken in', async () => !(await both()).includes('first'))
  assert.deepEqual(await both(), ['second', 'second'])
  assert.equal(await service.stop('SIGTERM'), 0)
})
