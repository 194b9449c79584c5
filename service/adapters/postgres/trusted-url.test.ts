import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { trustedUrl } from './trusted-url.ts'

const CA = '/etc/idgen/db ca.crt'

describe('a URL with the authorities of the database', () => {
  test('asks for a certificate of theirs that names the host', () => {
    const added = 'sslmode=verify-full&sslrootcert=%2Fetc%2Fidgen%2Fdb%20ca.crt'
    assert.equal(trustedUrl('postgres://a:p%40w@db/x', CA), `postgres://a:p%40w@db/x?${added}`)
    assert.equal(trustedUrl('postgres://db/x?options=y', CA), `postgres://db/x?options=y&${added}`)
  })

  test('keeps what it says itself', () => {
    const own = 'postgres://db/x?sslmode=verify-ca&sslrootcert=/own.crt'
    assert.equal(trustedUrl(own, CA), own)
    assert.match(trustedUrl('postgres://db/x?sslmode=require', CA), /\?sslmode=require&sslrootcert=/)
  })
})
