import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { connect, createServer } from 'node:tls'
import { temporaryFolder } from '../../../test/fixtures/temporary-folder.ts'
import { isServerName, type OwnCertificate, ownCertificate } from './own-certificate.ts'

const NAMES = ['localhost', '127.0.0.1', '::1', 'ids.example', '*.shop.example', '2001:db8::5:0:1']
const NO_OPENSSL =
  spawnSync('openssl', ['version']).status === 0 ? false : 'the program openssl is not installed'

/** "ok", or why a client that trusts `ca` and asks for `name` does not take it. */
async function handshake(t: TestContext, own: OwnCertificate, ca: string, name: string): Promise<string> {
  const server = createServer({ ...own, minVersion: 'TLSv1.3' }, (socket) => socket.end())
  server.on('tlsClientError', () => undefined)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const { port } = server.address() as AddressInfo
  return await new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, servername: name, ca })
    socket.on('secureConnect', () => {
      resolve('ok')
      socket.destroy()
    })
    socket.on('error', (thrown: NodeJS.ErrnoException) => resolve(thrown.code ?? thrown.message))
  })
}

test('it is as browsers want it: names, uses, at most 397 days, and no authority', () => {
  const nowMs = Date.UTC(2026, 10, 27, 12)
  const { cert, key } = ownCertificate(NAMES, nowMs)
  const read = new X509Certificate(cert)
  const [startMs, endMs] = [read.validFromDate.getTime(), read.validToDate.getTime()]
  assert.ok(startMs < nowMs && nowMs < endMs)
  assert.ok(endMs - startMs <= 397 * 86_400_000)
  assert.deepEqual([read.ca, read.keyUsage], [false, ['1.3.6.1.5.5.7.3.1']])
  assert.ok(read.verify(read.publicKey) && read.checkPrivateKey(createPrivateKey(key)))
  for (const name of ['localhost', 'ids.example', 'a.shop.example']) assert.ok(read.checkHost(name), name)
  for (const address of ['127.0.0.1', '::1', '2001:db8::5:0:1']) assert.ok(read.checkIP(address), address)
  assert.equal(read.checkHost('other.example'), undefined)
  assert.equal(read.checkIP('2001:db8::5:0:2'), undefined)
})

test('openssl finds nothing to criticise, by every name and address', { skip: NO_OPENSSL }, () => {
  const folder = temporaryFolder('idgen-own-')
  const file = join(folder, 'tls.crt')
  writeFileSync(file, ownCertificate(NAMES, Date.now()).cert)
  const verified = (...options: string[]): string => {
    const all = ['verify', '-x509_strict', '-purpose', 'sslserver', '-CAfile', file, ...options, file]
    const { stdout, stderr } = spawnSync('openssl', all, { encoding: 'utf8' })
    return `${stdout}${stderr}`.trim()
  }
  assert.match(verified(), /: OK$/)
  for (const name of ['localhost', 'ids.example', 'a.shop.example'])
    assert.match(verified('-verify_hostname', name), /: OK$/, name)
  for (const address of ['127.0.0.1', '::1', '2001:db8::5:0:1'])
    assert.match(verified('-verify_ip', address), /: OK$/, address)
  assert.match(verified('-verify_hostname', 'other.example'), /hostname mismatch/i)
  const { stdout } = spawnSync('openssl', ['x509', '-noout', '-text', '-in', file], { encoding: 'utf8' })
  assert.match(stdout, /Basic Constraints: critical\s+CA:FALSE/)
  assert.match(stdout, /Key Usage: critical\s+Digital Signature\n/)
  assert.match(stdout, /Extended Key Usage: *\s+TLS Web Server Authentication\n/)
  assert.match(stdout, /Signature Algorithm: ecdsa-with-SHA256/)
})

test('a client that was given it comes in by its names, and no other client, nor by another name', async (t) => {
  const own = ownCertificate(NAMES, Date.now())
  assert.equal(await handshake(t, own, own.cert, 'ids.example'), 'ok')
  assert.equal(await handshake(t, own, own.cert, 'other.example'), 'ERR_TLS_CERT_ALTNAME_INVALID')
  const other = ownCertificate(NAMES, Date.now())
  assert.equal(await handshake(t, own, other.cert, 'ids.example'), 'DEPTH_ZERO_SELF_SIGNED_CERT')
})

test('dates are written as of their century', () => {
  for (const year of [2048, 2049, 2050, 2051]) {
    const { validToDate } = new X509Certificate(ownCertificate(['localhost'], Date.UTC(year, 5, 1)).cert)
    assert.equal(validToDate.getUTCFullYear(), year + 1)
  }
})

test('what can stand in a certificate is a DNS name or an address', () => {
  for (const name of [...NAMES, 'a', 'xn--bcher-kva.example', '10.0.0.1', '::ffff:10.0.0.1'])
    assert.equal(isServerName(name), true, name)
  for (const name of [
    '',
    'a b',
    'ids.example:8443',
    'https://ids.example',
    'a..b',
    '-a.example',
    'a.*.example',
  ])
    assert.equal(isServerName(name), false, name)
  assert.equal(isServerName('fe80::1%eth0'), false, 'a zone is no address of everybody')
  const { cert } = ownCertificate(['::ffff:10.0.0.1', '::', '1:2:3:4:5:6:7:8'], Date.now())
  for (const address of ['::ffff:10.0.0.1', '::', '1:2:3:4:5:6:7:8'])
    assert.ok(new X509Certificate(cert).checkIP(address), address)
})
