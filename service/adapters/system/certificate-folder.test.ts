import assert from 'node:assert/strict'
import { existsSync, lstatSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { temporaryFolder } from '../../../test/fixtures/temporary-folder.ts'
import { writeCertificateFolder } from './certificate-folder.ts'

const PAIR = { cert: 'a certificate\n', key: 'a key\n' }

test('a folder that is not there is made, and only its owner can read the key', async () => {
  const folder = join(temporaryFolder('idgen-certificate-'), 'deep', 'tls')
  const { cert, key } = await writeCertificateFolder(folder, PAIR)
  assert.deepEqual([cert, key], [join(folder, 'tls.crt'), join(folder, 'tls.key')])
  assert.deepEqual(
    [cert, key].map((file) => readFileSync(file, 'utf8')),
    [PAIR.cert, PAIR.key],
  )
  assert.equal(statSync(key).mode & 0o777, 0o600)
  assert.equal(statSync(cert).mode & 0o022, 0)
})

for (const [taken, other] of [
  ['tls.crt', 'tls.key'],
  ['tls.key', 'tls.crt'],
] as const)
  test(`a ${taken} that is there stays as it is, and no ${other} is left beside it`, async () => {
    const folder = temporaryFolder('idgen-certificate-')
    writeFileSync(join(folder, taken), 'of somebody')
    await assert.rejects(writeCertificateFolder(folder, PAIR), {
      code: 'IDGEN_ALREADY_EXISTS',
      message: new RegExp(`${taken} is there already, and stays as it is\\..*remove `),
    })
    assert.equal(readFileSync(join(folder, taken), 'utf8'), 'of somebody')
    assert.equal(existsSync(join(folder, other)), false)
  })

test('a link that leads nowhere is a file of somebody, too', async () => {
  const folder = temporaryFolder('idgen-certificate-')
  const elsewhere = join(folder, 'elsewhere')
  symlinkSync(elsewhere, join(folder, 'tls.key'))
  await assert.rejects(writeCertificateFolder(folder, PAIR), { code: 'IDGEN_ALREADY_EXISTS' })
  assert.ok(lstatSync(join(folder, 'tls.key')).isSymbolicLink())
  assert.equal(existsSync(elsewhere), false)
})

test('a place that is no folder is said, with why', async () => {
  const file = join(temporaryFolder('idgen-certificate-'), 'file')
  writeFileSync(file, '')
  await assert.rejects(writeCertificateFolder(file, PAIR), {
    code: 'IDGEN_REQUEST_INVALID',
    message: /file cannot be written \(EEXIST\)/,
  })
})
