import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { RecordedLog } from '../../../test/fixtures/recorded-log.ts'
import { authority, type SelfSigned, selfSigned } from '../../../test/fixtures/self-signed.ts'
import { temporaryFolder } from '../../../test/fixtures/temporary-folder.ts'
import { CertificateFiles } from './certificate-files.ts'
import { ownCertificate } from './own-certificate.ts'

async function write(at: string, { cert, key }: SelfSigned): Promise<void> {
  await writeFile(join(at, 'tls.crt'), cert)
  await writeFile(join(at, 'tls.key'), key)
}

async function opened(at: string) {
  const log = new RecordedLog()
  const files = await CertificateFiles.open({ cert: join(at, 'tls.crt'), key: join(at, 'tls.key'), log })
  const seen: string[] = []
  files.follow(({ cert }) => seen.push(String(cert)))
  const settle = async (): Promise<void> => {
    await files.check()
    await files.check()
  }
  return { files, log, seen, settle }
}

test('a new pair counts when it is at rest, and half of one never does', async () => {
  const at = temporaryFolder('idgen-tls-')
  const [first, second] = [selfSigned('first'), selfSigned('second')]
  await write(at, first)
  const { files, log, seen, settle } = await opened(at)
  await settle()
  assert.deepEqual(seen, [])
  await writeFile(join(at, 'tls.crt'), second.cert)
  await files.check()
  await writeFile(join(at, 'tls.key'), second.key)
  await files.check()
  assert.deepEqual(seen, [], 'it was changing until now')
  await files.check()
  await settle()
  assert.deepEqual(seen, [second.cert])
  assert.equal(String(files.current.key), second.key)
  assert.equal(log.lines.filter(({ level }) => level === 'error').length, 0)
})

test('what is in use is told with its fingerprint, and whether nobody else has signed it', async () => {
  const at = temporaryFolder('idgen-tls-')
  const own = ownCertificate(['ids.example'], Date.now())
  await write(at, own)
  const { log, settle } = await opened(at)
  await write(at, authority('company').sign('server', []))
  await settle()
  const told = log.lines.map(({ fields }) => [fields['sha256'], String(fields['note'])])
  const [first, second] = told
  assert.equal(told.length, 2)
  assert.equal(first?.[0], new X509Certificate(own.cert).fingerprint256)
  assert.match(String(first?.[1]), /^signed by itself: for trying/)
  assert.match(String(second?.[0]), /^[0-9A-F]{2}(:[0-9A-F]{2}){31}$/)
  assert.equal(second?.[1], 'undefined')
})

test('a bad pair is refused and told of once; the repair counts', async () => {
  const at = temporaryFolder('idgen-tls-')
  const [first, second] = [selfSigned('first'), selfSigned('second')]
  await write(at, first)
  const { files, log, seen, settle } = await opened(at)
  const faults = (): string[] =>
    log.lines.filter(({ level }) => level === 'error').map(({ fields }) => String(fields['fault']))
  await writeFile(join(at, 'tls.key'), second.key)
  await settle()
  await settle()
  await writeFile(join(at, 'tls.crt'), 'no certificate')
  await settle()
  await rm(join(at, 'tls.key'))
  await settle()
  assert.match(files.refused ?? '', /tls\.key cannot be read/)
  assert.equal(faults().length, 3)
  assert.match(faults()[0] ?? '', /key is that of another certificate/)
  assert.match(faults()[1] ?? '', /no PEM certificate/)
  assert.match(faults()[2] ?? '', /tls\.key cannot be read \(ENOENT\)/)
  assert.equal(String(files.current.cert), first.cert)
  await write(at, second)
  await settle()
  assert.deepEqual([seen, files.refused], [[second.cert], undefined])
})

test('the symlink swap by which Kubernetes updates a Secret is seen', async () => {
  const at = temporaryFolder('idgen-tls-')
  const pairs = { '..v1': selfSigned('first'), '..v2': selfSigned('second') }
  for (const [version, pair] of Object.entries(pairs)) {
    await mkdir(join(at, version))
    await write(join(at, version), pair)
  }
  await symlink('..v1', join(at, '..data'))
  for (const name of ['tls.crt', 'tls.key']) await symlink(join('..data', name), join(at, name))
  const { seen, settle } = await opened(at)
  await symlink('..v2', join(at, '..data_tmp'))
  await rename(join(at, '..data_tmp'), join(at, '..data'))
  await settle()
  assert.deepEqual(seen, [pairs['..v2'].cert])
})

test('a start with a pair that cannot be used is refused and says why; an expired one is told of', async () => {
  const at = temporaryFolder('idgen-tls-')
  await assert.rejects(opened(at), /tls\.(?:crt|key) cannot be read \(ENOENT\).*server\.https\.cert/)
  await write(at, { cert: selfSigned('one').cert, key: selfSigned('other').key })
  await assert.rejects(opened(at), { code: 'IDGEN_CONFIG_INVALID' })
  await write(at, selfSigned('old', { expired: true }))
  const { log } = await opened(at)
  assert.match(JSON.stringify(log.lines), /it has expired/)
})

test('authorities of clients are read beside the pair, and a file without any is refused', async () => {
  const at = temporaryFolder('idgen-tls-')
  await write(at, selfSigned('server'))
  const paths = { cert: join(at, 'tls.crt'), key: join(at, 'tls.key'), clientCa: join(at, 'clients.crt') }
  const log = new RecordedLog()
  await assert.rejects(CertificateFiles.open({ ...paths, log }), /clients\.crt cannot be read \(ENOENT\)/)
  const [first, second] = [authority('first').cert, authority('second').cert]
  await writeFile(paths.clientCa, first)
  const files = await CertificateFiles.open({ ...paths, log })
  assert.equal(String(files.current.clientCa), first)
  const look = async (text: string): Promise<string> => {
    await writeFile(paths.clientCa, text)
    await files.check()
    await files.check()
    return String(files.current.clientCa)
  }
  assert.equal(await look(''), first)
  assert.equal(await look(first.replace(/[A-Za-z]{20}/, 'A'.repeat(20))), first)
  const faults = log.lines.map(({ fields }) => String(fields['fault'])).filter((text) => text !== 'undefined')
  assert.match(faults[0] ?? '', /clientCa holds no PEM certificate/)
  assert.match(faults[1] ?? '', /clientCa holds a certificate that cannot be read/)
  assert.equal(await look(first + second), first + second)
})
