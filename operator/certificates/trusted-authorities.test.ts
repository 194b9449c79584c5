import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { getCACertificates } from 'node:tls'
import { testCertificate } from '../../test/cluster/test-certificate.ts'
import { publicRoot } from './public-root.ts'
import { type CertificateText, nameOfAll, trustedAuthorities } from './trusted-authorities.ts'

function pem(letter: string): string {
  return `-----BEGIN CERTIFICATE-----\n${letter}\n-----END CERTIFICATE-----\n`
}

function secret(crt: string, ca?: string): CertificateText {
  return { 'tls.crt': crt, ...(ca === undefined ? {} : { 'ca.crt': ca }) }
}

function sameName(size: number): Uint8Array {
  return new Uint8Array(size).fill(1)
}

/** Only the certificate P leads to a root: R. */
function rootOf(chain: string): string | undefined {
  return chain === 'P' ? pem('R') : undefined
}

const [A, B, C] = [pem('A'), pem('B'), pem('C')]

describe('what must be trusted', () => {
  const rows: readonly [string, readonly CertificateText[], string | undefined][] = [
    ['nothing, where nobody has a certificate', [], undefined],
    ['one authority, as it was written', [secret('a', `# ours\n${A}`)], `# ours\n${A}`],
    ['even one that cannot be read', [secret('a', 'CA')], 'CA'],
    ['what everybody trusts, where a public one signed', [secret('P')], undefined],
    ['what everybody trusts, where public ones signed both', [secret('P'), secret('Q')], undefined],
    ['both, the newest first', [secret('b', B), secret('a', A)], B + A],
    ['each of them once', [secret('b', B + A), secret('a', A + C)], B + A + C],
    ['one, where both are the same', [secret('b', A), secret('a', A)], A],
    ['no text beside the certificates', [secret('b', `# x\n${B}y\n`), secret('a', A)], B + A],
    ['an authority before any pod has its certificate', [{ 'ca.crt': B }, secret('a', A)], B + A],
    ['the root that the public one leads to, beside ours', [secret('P'), secret('a', A)], pem('R') + A],
    ['ours alone, where the public one leads nowhere', [secret('Q'), secret('a', A)], A],
    ['ours, where ca.crt of the other is empty', [secret('P', ''), secret('a', A)], pem('R') + A],
    ['what is left, where the other cannot be read', [secret('b', 'CA'), secret('a', A)], A],
    ['the newest, where none can be read', [secret('b', 'CA'), secret('a', 'CB')], 'CA'],
  ]
  for (const [name, secrets, wanted] of rows)
    test(`is ${name}`, () => assert.equal(trustedAuthorities(secrets, rootOf), wanted))
})

describe('the root of a chain', () => {
  const certificate = testCertificate('orders', 'shop')
  const stranger = testCertificate('orders', 'shop')
  const roots = [stranger.ca, certificate.ca]
  const rows: readonly [string, string, string | undefined][] = [
    ['is what signed a certificate', certificate.cert, certificate.ca],
    ['is the last of the chain, if that is one', certificate.cert + certificate.ca, certificate.ca],
    [
      'is what the last of the chain leads to',
      testCertificate('a', 'b').cert + certificate.cert,
      certificate.ca,
    ],
    ['is not one that this machine does not trust', testCertificate('other', 'shop').cert, undefined],
    ['is none of a text that is no certificate', 'x', undefined],
  ]
  for (const [name, chain, wanted] of rows)
    test(name, () =>
      assert.equal(
        publicRoot(chain, () => roots),
        wanted,
      ),
    )

  test('is the one that signed, of two with the same name', () => {
    const namesakes = [testCertificate('a', 'b', sameName), testCertificate('a', 'b', sameName)]
    const authorities = namesakes.map(({ ca }) => ca)
    for (const { cert, ca } of namesakes)
      assert.equal(
        publicRoot(cert, () => authorities),
        ca,
      )
  })

  test('is looked for among those that Node trusts', () => {
    const [known = ''] = getCACertificates('default')
    assert.equal(publicRoot(known), known)
  })
})

describe('a name of all certificates', () => {
  const shop = testCertificate('orders', 'shop').cert
  const other = testCertificate('orders', 'other').cert
  const rows: readonly [string, readonly string[], readonly string[], string | undefined][] = [
    [
      'is the first that is good for each',
      [shop, shop],
      ['ids', 'orders-stable.shop.svc', 'orders'],
      'orders-stable.shop.svc',
    ],
    ['is none that only one is good for', [shop, other], ['orders.shop.svc', 'orders'], 'orders'],
    [
      'is none at all where they share none',
      [shop, other],
      ['orders.shop.svc', 'orders.other.svc'],
      undefined,
    ],
    ['does not depend on what is no certificate', [shop, 'x'], ['orders.shop.svc'], 'orders.shop.svc'],
  ]
  for (const [name, certificates, names, wanted] of rows)
    test(name, () => assert.equal(nameOfAll(certificates, names), wanted))
})
