import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import pg from 'pg'
import { temporaryFolder } from '../../../test/fixtures/temporary-folder.ts'
import { trustedUrl } from './trusted-url.ts'

const folder = temporaryFolder('idgen-trusted-url-')
const CA = join(folder, 'db ca+50%.crt')
const OWN = join(folder, 'own.crt')
writeFileSync(CA, 'from the setting')
writeFileSync(OWN, 'from the URL')

/** What the driver makes of a URL. It reads the files and connects to nothing. */
function read(url: string) {
  const { host, database, user, password, ssl } = new pg.Client({ connectionString: url })
  return { host, database, user, password: String(password), ssl: ssl as unknown }
}

describe('a URL with the authorities of the database', () => {
  for (const url of [
    'postgres://a:p%40w%2Fx@db/x',
    'postgres://a:blank word@db/x',
    'postgres://a:5%of@db/x',
    'postgres://a:5%of%2Fx @db/x',
    'postgres://a:p^|w@[::1]:5433/x',
    'postgresql:///x?host=%2Frun%2Fpg',
    'postgres://a:p@db/x?options=-c%20a%3Db&application_name=a+b',
    'postgres://a:p@db/x?sslmode=',
    'postgres://a:p@db/x?sslmode=&sslrootcert=',
    'postgres://a:p@db/x?sslmode=require&sslrootcert=/own.crt&sslrootcert=',
    'postgres://a:p@db/x?',
    'postgres://a:p@db/x?application_name=5%',
    'postgres://a:p@db/x?uselibpqcompat=true',
    'postgres://a:p@db/x?ssl=false',
  ])
    test(`leads to the same place, and takes only who is signed by them: ${url}`, () => {
      const bare = url.replaceAll(/sslrootcert=[^&]*/g, '')
      assert.deepEqual(read(trustedUrl(url, CA)), { ...read(bare), ssl: { ca: 'from the setting' } })
    })

  test('keeps what it says itself', () => {
    const url = trustedUrl(`postgres://db/x?sslmode=verify-ca&sslrootcert=${OWN}`, CA)
    assert.equal(new URL(url).searchParams.get('sslmode'), 'verify-ca')
    assert.deepEqual(read(url).ssl, { ca: 'from the URL' })
  })

  test('says what libpq reads as well, in which a plus is no blank', () => {
    const url = trustedUrl('postgres://db/x?options=a+b', CA)
    assert.match(url, /\?options=a%20b&sslmode=verify-full&sslrootcert=[^+]+%20ca%2B50%25\.crt$/)
  })
})
