import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseCertificates, parseClientIdentities } from './client-identities.ts'

const SCOPES = ['issue', 'manage'] as const

test('identities are read with their certificate, scopes and limit, whatever the white space', () => {
  const text =
    ' billing URI:spiffe://example.org/billing issue acme/billing ;\n ops DNS:ops.example issue,manage;'
  assert.deepEqual(parseClientIdentities(text, SCOPES), {
    identities: [
      {
        name: 'billing',
        certificate: 'URI:spiffe://example.org/billing',
        scopes: ['issue'],
        within: 'acme/billing',
      },
      { name: 'ops', certificate: 'DNS:ops.example', scopes: ['issue', 'manage'], within: '' },
    ],
  })
  assert.deepEqual(parseClientIdentities('', SCOPES), { identities: [] })
})

test('an entry that cannot be meant is refused with what it should be', () => {
  for (const [entry, why] of [
    ['ops DNS:ops', /must be entries like/],
    ['ops DNS:ops issue w more', /must be entries like/],
    ['Ops DNS:ops issue', /begin with a name/],
    ['ops ops.example issue', /URI:…, DNS:…/],
    ['ops CN:evil\u00a0manage issue', /URI:…, DNS:….*without blanks/],
    ['ops CN:evil\u2028manage acme', /URI:…, DNS:….*without blanks/],
    ['ops IP:10.0.0.1 issue', /URI:…, DNS:…/],
    ['ops DNS:ops rule', /scopes of issue, manage/],
    ['ops DNS:ops issue, manage', /scopes of|limited to/],
    ['ops DNS:ops issue a/b/c/d', /limited to/],
    ['ops DNS:ops issue A', /limited to/],
    ['ops DNS:a issue; ops DNS:b issue', /name ops once/],
    ['ops DNS:a issue; dev DNS:a issue', /name DNS:a once/],
  ] as const) {
    const parsed = parseClientIdentities(entry, SCOPES)
    assert.ok('fault' in parsed, entry)
    assert.match(parsed.fault, why)
  }
})

test('certificates are read whatever the white space, and what can be none is refused', () => {
  assert.deepEqual(parseCertificates(' URI:spiffe://a/b ;CN:x;; '), {
    certificates: new Set(['URI:spiffe://a/b', 'CN:x']),
  })
  assert.deepEqual(parseCertificates(''), { certificates: new Set() })
  for (const bad of ['billing', 'CN:', 'CN:a b', 'billing CN:x issue', 'IP:10.0.0.1']) {
    const parsed = parseCertificates(`CN:x; ${bad}`)
    assert.ok('fault' in parsed && parsed.fault.includes(JSON.stringify(bad)), bad)
  }
})
