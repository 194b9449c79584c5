import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { connect as connectPlain } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { connect, type SecureVersion, type TLSSocket } from 'node:tls'
import { selfSigned } from '../../test/fixtures/self-signed.ts'
import { temporaryFolder } from '../../test/fixtures/temporary-folder.ts'
import { encryptedServer } from './encrypted-server.ts'
import { ManualClock } from './manual-clock.ts'
import { keptLog } from './scripted-kube.ts'
import { ServedCertificate } from './served-certificate.ts'

const FIRST = selfSigned('first')
const SECOND = selfSigned('second')
/** Nobody is put out for being slow: a machine that stands still for a while changes nothing. */
const HANDSHAKE_MS = 3_600_000
const LIMITS = {
  headersTimeout: HANDSHAKE_MS,
  requestTimeout: HANDSHAKE_MS,
  connectionsCheckingInterval: 1000,
} as const

/** `renew` writes another pair into the files and lets the time pass in which it is taken in. */
async function started(t: TestContext) {
  const folder = temporaryFolder('idgen-encrypted-server-')
  const files = { cert: join(folder, 'tls.crt'), key: join(folder, 'tls.key') }
  const write = ({ cert, key }: { readonly cert: string; readonly key: string }): void => {
    writeFileSync(files.cert, cert)
    writeFileSync(files.key, key)
  }
  write(FIRST)
  const clock = new ManualClock()
  const certificate = ServedCertificate.open(files, { clock, log: keptLog().log })
  const { server, endSilent } = encryptedServer(certificate, LIMITS, (_request, response) => {
    response.end('it answers')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const end = async (): Promise<void> => {
    if (!server.listening) return
    const closed = once(server, 'close')
    server.close()
    server.closeAllConnections()
    endSilent()
    await closed
  }
  t.after(async () => {
    await end()
    certificate.close()
  })
  const renew = async (): Promise<void> => {
    write(SECOND)
    await clock.advance(2000)
  }
  return { port: (server.address() as AddressInfo).port, renew, end }
}

function opened(port: number, maxVersion: SecureVersion = 'TLSv1.3'): TLSSocket {
  const ca = [FIRST.cert, SECOND.cert]
  return connect({ port, host: '127.0.0.1', servername: 'localhost', ca, minVersion: 'TLSv1.2', maxVersion })
}

/** Version and whose certificate, or why not. */
async function handshake(port: number, maxVersion: SecureVersion = 'TLSv1.3'): Promise<string> {
  const socket = opened(port, maxVersion)
  try {
    await once(socket, 'secureConnect')
    return `${socket.getProtocol()} ${[socket.getPeerCertificate().subject.CN].flat()[0]}`
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error)
  } finally {
    socket.destroy()
  }
}

test('it speaks TLS 1.3 and nothing older', async (t) => {
  const { port } = await started(t)
  assert.equal(await handshake(port), 'TLSv1.3 first')
  assert.equal(await handshake(port, 'TLSv1.2'), 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION')
})

test('a new certificate is shown to who comes, and who is there goes on', async (t) => {
  const { port, renew } = await started(t)
  const before = opened(port)
  await once(before, 'secureConnect')
  await renew()
  assert.equal(await handshake(port), 'TLSv1.3 second')
  before.write('GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n')
  let said = ''
  for await (const part of before) said += String(part)
  assert.match(said, /^HTTP\/1\.1 200 OK\r\n[^]*it answers/)
})

test('who comes without TLS is told what to do', async (t) => {
  const { port } = await started(t)
  const answer = await fetch(`http://127.0.0.1:${port}/metrics`)
  assert.deepEqual([answer.status, /ask for https:/.test(await answer.text())], [400, true])
})

test('who came and says nothing does not keep it from ending', async (t) => {
  const { port, end } = await started(t)
  const silent = connectPlain(port, '127.0.0.1')
  silent.on('error', () => {})
  const ended = new Promise((resolve) => silent.once('close', resolve))
  await once(silent, 'connect')
  // Who comes later is let in later: now the silent one is in, too.
  await handshake(port)
  await end()
  await ended
})
