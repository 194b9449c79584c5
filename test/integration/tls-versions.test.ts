import assert from 'node:assert/strict'
import { once } from 'node:events'
import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { connect, type SecureVersion, type TLSSocket } from 'node:tls'
import { command } from '../fixtures/resp-desk.ts'
import { portOf, RespService } from '../fixtures/resp-service.ts'
import { selfSigned } from '../fixtures/self-signed.ts'
import { temporaryFolder } from '../fixtures/temporary-folder.ts'
import { until } from '../fixtures/until.ts'

const FIRST = selfSigned('first')
const SECOND = selfSigned('second')

/** A real service that encrypts on every listener. */
async function encrypted(t: TestContext) {
  const folder = temporaryFolder('idgen-tls-')
  const [cert, key] = [join(folder, 'tls.crt'), join(folder, 'tls.key')]
  await writeFile(cert, FIRST.cert)
  await writeFile(key, FIRST.key)
  const { world, service } = await RespService.start(t, {
    IDGEN_SERVER_HTTPS_CERT: cert,
    IDGEN_SERVER_HTTPS_KEY: key,
    IDGEN_SERVER_HTTPS_PORT: '0',
    // The fixture makes its tags without encryption.
    IDGEN_SERVER_HTTPS_REDIRECT: 'false',
    IDGEN_SERVER_GRPC_TLS: 'true',
    IDGEN_SERVER_RESP_TLS: 'true',
    IDGEN_SERVER_METRICS_TLS: 'true',
  })
  const listening = service.log.find(({ msg }) => msg === 'listening')
  const ports = {
    https: Number(listening?.['httpsPort']),
    grpc: Number(service.grpcAddress.split(':')[1]),
    resp: portOf(service),
    metrics: Number(new URL(service.metricsOrigin).port),
  }
  return { world, service, ports, cert, key }
}

async function handshake(port: number, maxVersion: SecureVersion): Promise<string> {
  const socket = opened(port, maxVersion)
  try {
    await once(socket, 'secureConnect')
    return socket.getProtocol() ?? 'none'
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error)
  } finally {
    socket.destroy()
  }
}

function opened(port: number, maxVersion: SecureVersion = 'TLSv1.3'): TLSSocket {
  const ca = [FIRST.cert, SECOND.cert]
  return connect({ port, host: '127.0.0.1', servername: 'localhost', ca, minVersion: 'TLSv1.2', maxVersion })
}

test('every listener speaks TLS 1.3 and refuses TLS 1.2', async (t) => {
  const { ports } = await encrypted(t)
  for (const [name, port] of Object.entries(ports)) {
    assert.equal(await handshake(port, 'TLSv1.3'), 'TLSv1.3', name)
    assert.equal(await handshake(port, 'TLSv1.2'), 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION', name)
  }
})

test('a new certificate counts for new Redis clients, and drops none that is connected', async (t) => {
  const { world, ports, cert, key } = await encrypted(t)
  const before = opened(ports.resp)
  await once(before, 'secureConnect')
  const asks = async (...words: string[]): Promise<string> => {
    before.write(command(...words))
    return String((await once(before, 'data'))[0])
  }
  assert.equal(await asks('AUTH', world.key), '+OK\r\n')
  // One after the other, as files are written: half of a new pair is none.
  for (const [file, text] of [
    [key, SECOND.key],
    [cert, SECOND.cert],
  ] as const) {
    await writeFile(`${file}.new`, text)
    await rename(`${file}.new`, file)
  }
  await until('the new certificate is taken in', async () => (await shownAt(ports.resp)) === 'second')
  assert.match(await asks('INCR', 'demo/load/orders'), /^:\d+\r\n$/)
  before.destroy()
})

/** Name in the certificate that a port shows. */
async function shownAt(port: number): Promise<string | undefined> {
  const socket = opened(port)
  await once(socket, 'secureConnect')
  const { CN } = socket.getPeerCertificate().subject
  socket.destroy()
  return [CN].flat()[0]
}
