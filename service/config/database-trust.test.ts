import assert from 'node:assert/strict'
import { test } from 'node:test'
import { databaseFaults } from './database-trust.ts'

const WEAK = 'needs database.url with sslmode=verify-full or without sslmode'
const COMPATIBLE =
  'needs database.url with sslmode=verify-full or without uselibpqcompat: the name in the certificate is not held against the host'
const FRAGMENT = 'needs database.url without #: in a name or a password write it as %23'

function faultOf(url: string, ca = '/ca.pem'): string | undefined {
  const values = new Map([
    ['database.tls.ca', ca],
    ['database.url', url],
    ['database.listenUrl', ''],
  ] as const)
  return databaseFaults(values)[0]?.message
}

for (const [rest, expected] of [
  ['?sslmode=disable', WEAK],
  ['?sslmode=prefer', WEAK],
  ['?sslmode=no-verify', WEAK],
  ['?sslmode=%64isable', WEAK],
  ['?%73slmode=disable', WEAK],
  ['?sslmode=verify-full&sslmode=disable', WEAK],
  ['?sslmode=verify_full', WEAK],
  ['?uselibpqcompat=true&sslmode=require', COMPATIBLE],
  ['?sslmode=verify-ca&uselibpqcompat=tru%65', COMPATIBLE],
  ['#prod', FRAGMENT],
  ['?sslmode=verify-full#prod', FRAGMENT],
] as const)
  test(`authorities of the database are refused beside a URL that does not use them: ${rest}`, () => {
    assert.equal(faultOf(`postgres://a:secret@db/x${rest}`), expected)
    assert.equal(faultOf(`postgres://a:secret@db/x${rest}`, ''), undefined)
  })

for (const rest of [
  '',
  '?sslmode=',
  '?sslmode=verify-full',
  '?sslmode=require',
  '?sslmode=disable&sslmode=verify-full',
  '?uselibpqcompat=true',
  '?uselibpqcompat=true&sslmode=verify-full',
  '?sslrootcert=',
  '?options=sslmode%3Ddisable',
])
  test(`authorities of the database are taken beside a URL that uses them: ${rest || 'nothing said'}`, () =>
    assert.equal(faultOf(`postgres://a:secret@db/x${rest}`), undefined))

test('the URL that is listened at is looked at as well', () => {
  const values = new Map([
    ['database.tls.ca', '/ca.pem'],
    ['database.url', 'postgres://db/x'],
    ['database.listenUrl', 'postgres://db/x#prod'],
  ] as const)
  assert.deepEqual(databaseFaults(values), [
    { path: 'database.tls.ca', message: FRAGMENT.replace('database.url', 'database.listenUrl') },
  ])
})
