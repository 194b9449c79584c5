import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { generateKeyPairSync, randomBytes, X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { connect, createServer } from 'node:tls'
import { temporaryFolder } from '../../test/fixtures/temporary-folder.ts'
import type { CertificateWorld } from './authorities.ts'
import { type CertificateInput, type OwnCertificate, ownCertificate } from './own-certificate.ts'
import { decoded, encoded } from './secret-data.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const INPUT: CertificateInput = {
  generator: 'orders',
  namespace: 'shop',
  dnsNames: ['ids.example.com'],
  authority: undefined,
  certificate: undefined,
}

const NO_OPENSSL =
  spawnSync('openssl', ['version']).status === 0 ? false : 'the program openssl is not installed'

function world(nowMs = Date.now()): CertificateWorld {
  return { nowMs, newKeys: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }), randomBytes }
}

/** Asked again with what it said before. */
function again(own: OwnCertificate, nowMs: number, changed: Partial<CertificateInput> = {}): OwnCertificate {
  const { authority, certificate } = own
  return ownCertificate({ ...INPUT, authority, certificate, ...changed }, world(nowMs))
}

function reasons(own: OwnCertificate): string[] {
  return own.changes.map(({ reason }) => reason)
}

/** What openssl says about the certificate of the pods, for a caller that trusts `bundle`. */
function opensslVerify(bundle: string, certificate: string, ...options: string[]): string {
  const folder = temporaryFolder('idgen-certificates-')
  writeFileSync(join(folder, 'ca.crt'), bundle)
  writeFileSync(join(folder, 'tls.crt'), certificate)
  const files = ['-CAfile', join(folder, 'ca.crt'), join(folder, 'tls.crt')]
  try {
    return execFileSync(
      'openssl',
      ['verify', '-x509_strict', '-purpose', 'sslserver', ...options, ...files],
      {
        encoding: 'utf8',
        stdio: 'pipe',
      },
    ).trim()
  } catch (thrown) {
    return String((thrown as { stderr?: string }).stderr)
  }
}

/** "ok", or why a caller that trusts `ca` and asks for `name` does not take it. */
async function handshake(t: TestContext, own: OwnCertificate, ca: string, name: string): Promise<string> {
  const { 'tls.crt': cert, 'tls.key': key } = decoded(own.certificate)
  const server = createServer({ cert, key }, (socket) => socket.end())
  server.on('tlsClientError', () => {})
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const { port } = server.address() as AddressInfo
  return await new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, servername: name, ca, minVersion: 'TLSv1.3' })
    socket.setTimeout(10_000, () => socket.destroy(new Error('no answer')))
    socket.on('secureConnect', () => resolve('ok'))
    socket.on('error', (thrown: NodeJS.ErrnoException) => resolve(thrown.code ?? thrown.message))
    socket.on('close', () => resolve('closed'))
  })
}

describe('certificates', () => {
  test('openssl finds nothing to criticise, by every name and address', { skip: NO_OPENSSL }, () => {
    const { 'ca.crt': ca = '', 'tls.crt': crt = '' } = decoded(ownCertificate(INPUT, world()).certificate)
    assert.match(opensslVerify(ca, crt), /: OK$/)
    for (const name of [
      'orders',
      'orders.shop.svc',
      'orders-canary.shop.svc.cluster.local',
      'ids.example.com',
    ])
      assert.match(opensslVerify(ca, crt, '-verify_hostname', name), /: OK$/, name)
    assert.match(opensslVerify(ca, crt, '-verify_ip', '127.0.0.1'), /: OK$/)
    assert.match(opensslVerify(ca, crt, '-verify_hostname', 'orders.other.svc'), /hostname mismatch/i)
  })

  test('the authority signs servers, and no other authority', { skip: NO_OPENSSL }, () => {
    const own = ownCertificate(INPUT, world())
    const { 'ca.crt': ca = '' } = decoded(own.authority)
    const authority = new X509Certificate(ca)
    assert.equal(authority.ca, true)
    assert.equal(new X509Certificate(decoded(own.certificate)['tls.crt'] ?? '').ca, false)
    const text = execFileSync('openssl', ['x509', '-noout', '-text'], { input: ca, encoding: 'utf8' })
    assert.match(text, /Basic Constraints: critical\s+CA:TRUE, pathlen:0/)
    assert.match(text, /Key Usage: critical\s+Certificate Sign, CRL Sign\n/)
  })

  test('a caller with the bundle is let in, and one with another authority is not', async (t) => {
    const own = ownCertificate(INPUT, world())
    const { 'ca.crt': ca = '' } = decoded(own.certificate)
    assert.equal(await handshake(t, own, ca, 'orders-stable.shop.svc'), 'ok')
    assert.equal(await handshake(t, own, ca, 'payments.shop.svc'), 'ERR_TLS_CERT_ALTNAME_INVALID')
    const { 'ca.crt': other = '' } = decoded(ownCertificate(INPUT, world()).certificate)
    assert.equal(await handshake(t, own, other, 'orders-stable.shop.svc'), 'UNABLE_TO_VERIFY_LEAF_SIGNATURE')
  })
})

describe('renewal', () => {
  const nowMs = Date.UTC(2026, 0, 1)
  const first = ownCertificate(INPUT, world(nowMs))

  test('at first both are made, and asked again nothing changes', () => {
    assert.deepEqual(reasons(first), ['AuthorityMade', 'CertificateMade'])
    const second = again(first, nowMs + 59 * DAY_MS)
    assert.deepEqual(second.changes, [])
    assert.deepEqual(second.authority, first.authority)
    assert.deepEqual(second.certificate, first.certificate)
    assert.equal(second.notAfterMs, nowMs + 90 * DAY_MS)
  })

  test('the next look is at the renewal, or after a day', () => {
    assert.equal(again(first, nowMs + 10 * DAY_MS).lookAgainInMs, DAY_MS)
    const { lookAgainInMs } = again(first, nowMs + 59.5 * DAY_MS)
    assert.ok(lookAgainInMs > 0 && lookAgainInMs < DAY_MS)
    assert.deepEqual(reasons(again(first, nowMs + 59.5 * DAY_MS + lookAgainInMs)), ['CertificateMade'])
  })

  test('another name makes another certificate of the same authority', () => {
    const renewed = again(first, nowMs, { dnsNames: [] })
    assert.deepEqual(reasons(renewed), ['CertificateMade'])
    assert.deepEqual(renewed.authority, first.authority)
    assert.notEqual(renewed.certificate['tls.key'], first.certificate['tls.key'])
  })

  test('what cannot be read, or has the key of another, is made anew', () => {
    const other = ownCertificate(INPUT, world(nowMs))
    for (const damage of [
      { 'tls.crt': 'bm8=' },
      { 'tls.key': 'bm8=' },
      { 'tls.key': other.certificate['tls.key'] ?? '' },
      { 'tls.crt': other.certificate['tls.crt'] ?? '', 'tls.key': other.certificate['tls.key'] ?? '' },
    ]) {
      const certificate = { ...first.certificate, ...damage }
      assert.deepEqual(reasons(again(first, nowMs, { certificate })), ['CertificateMade'])
    }
    for (const damage of [{ 'ca.crt': 'bm8=' }, { 'ca.key': other.authority['ca.key'] ?? '' }]) {
      const authority = { ...first.authority, ...damage }
      assert.deepEqual(reasons(again(first, nowMs, { authority })), ['AuthorityMade', 'CertificateMade'])
    }
  })

  test('a bundle that somebody edited is put right without a new certificate', () => {
    const certificate = { ...first.certificate, 'ca.crt': encoded({ x: 'mine' })['x'] ?? '' }
    const repaired = again(first, nowMs, { certificate })
    assert.deepEqual(repaired.changes, [])
    assert.deepEqual(repaired.certificate, first.certificate)
  })

  test('a deleted authority is not trusted any more', () => {
    const renewed = again(first, nowMs, { authority: undefined })
    assert.deepEqual(reasons(renewed), ['AuthorityMade', 'CertificateMade'])
    const { 'ca.crt': bundle = '' } = decoded(renewed.certificate)
    assert.ok(!bundle.includes(decoded(first.authority)['ca.crt'] ?? 'absent'))
  })

  test('a certificate never outlives its authority', () => {
    const late = again(first, nowMs + 3640 * DAY_MS, { authority: { ...first.authority } })
    const authority = new X509Certificate(decoded(late.authority)['ca.crt'] ?? '')
    assert.ok(late.notAfterMs <= authority.validToDate.getTime())
  })
})

describe('a life of fifteen years', () => {
  const firstMs = Date.UTC(2026, 0, 1)
  let own = ownCertificate(INPUT, world(firstMs))
  const told = new Map<string, number>()
  /** The bundles of the last 29 days: callers that read it once still hold one of them. */
  const bundles: string[] = []
  const refused: number[] = []
  for (let day = 1; day <= 15 * 365; day += 1) {
    const nowMs = firstMs + day * DAY_MS
    const { 'tls.crt': served = '' } = decoded(own.certificate)
    own = again(own, nowMs)
    for (const { reason } of own.changes) told.set(reason, (told.get(reason) ?? 0) + 1)
    const { 'ca.crt': bundle = '', 'tls.crt': crt = '' } = decoded(own.certificate)
    bundles.push(bundle)
    if (bundles.length > 29) bundles.shift()
    if (own.changes.length > 0 && !bundles.every((known) => trusts(known, crt, nowMs))) refused.push(day)
    // Pods serve the one of yesterday until they have read the new one.
    if (!trusts(bundle, served, nowMs)) refused.push(day)
  }

  test('nobody who read the bundle within a month is ever refused', () => assert.deepEqual(refused, []))

  test('the authority is prepared, used and forgotten in turn', () => {
    assert.deepEqual(Object.fromEntries([...told].filter(([reason]) => reason !== 'CertificateMade')), {
      AuthorityPrepared: 2,
      AuthorityChanged: 2,
      AuthorityForgotten: 2,
    })
    const made = told.get('CertificateMade') ?? 0
    assert.ok(made > 88 && made < 96, String(made))
  })
})

/** Whether an authority of the bundle signed it and both are valid. */
function trusts(bundle: string, crt: string, nowMs: number): boolean {
  const certificate = new X509Certificate(crt)
  const valid = (one: X509Certificate): boolean =>
    one.validFromDate.getTime() <= nowMs && nowMs < one.validToDate.getTime()
  return bundle
    .split(/(?<=-----END CERTIFICATE-----\n)/)
    .map((pem) => new X509Certificate(pem))
    .some((ca) => valid(ca) && valid(certificate) && certificate.verify(ca.publicKey))
}
