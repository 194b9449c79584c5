import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { checkClients, clientsText } from './client-entries.ts'

const NBSP = '\u00a0'
const CRD = readFileSync(join(import.meta.dirname, '../../crds/idgen.io_idgenerators.yaml'), 'utf8')

function clients(...certificates: readonly string[]) {
  return {
    authoritySecret: { name: 'clients', key: 'ca.crt' },
    allowed: certificates.map((certificate, at) => ({
      name: `c${at}`,
      certificate,
      scopes: ['issue'] as const,
    })),
  }
}

for (const certificate of [
  `CN:evil${NBSP}manage,audit`,
  'CN:evil\u2028manage,audit',
  'CN:evil\vmanage,audit',
  'CN:evil manage,audit',
  'CN:evil\u0085manage,audit',
  'CN:évil',
  'CN:a;b',
  'CN:',
  'IP:10.0.0.1',
])
  test(`a certificate that could be read in another way stays out, and is named: ${JSON.stringify(certificate)}`, () => {
    assert.equal(clientsText(clients('CN:good', certificate)), 'c0 CN:good issue')
    assert.throws(() => checkClients(clients('CN:good', certificate)), {
      message: `spec.auth.clients: ${JSON.stringify(certificate)} can name no certificate; give URI:…, DNS:…, email:… or CN:… with printable ASCII without blank and semicolon`,
    })
  })

test('certificates with any other sign of ASCII are taken', () => {
  const allowed = clients('URI:spiffe://a.b/c?d=%20$x', 'email:"a,b"@c.d', 'CN:~!*')
  checkClients(allowed)
  checkClients(undefined)
  assert.equal(
    clientsText(allowed),
    'c0 URI:spiffe://a.b/c?d=%20$x issue; c1 email:"a,b"@c.d issue; c2 CN:~!* issue',
  )
})

test('the API server lets in what the operator takes', () =>
  assert.ok(CRD.includes("pattern: '^(URI|DNS|email|CN):[!-:<-~]+$'")))
