// Runs beside others: it waits for a service to listen, and times nothing.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { get } from 'node:https'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { codeBlocks, documents, ROOT } from '../../scripts/docs/documents.ts'
import { startService } from '../fixtures/service-process.ts'
import { temporaryFolder } from '../fixtures/temporary-folder.ts'
import { testDatabase } from './postgres-server.ts'

interface Outcome {
  readonly code: unknown
  readonly out: string
  readonly err: string
}

function certificate(cwd: string, ...args: string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(
      join(ROOT, 'bin/idgen'),
      ['certificate', ...args],
      { cwd, timeout: 60_000 },
      (error, out, err) => {
        resolve({ code: error?.code ?? 0, out, err })
      },
    )
  })
}

function ask(url: string, ca: string, servername: string): Promise<number | string | undefined> {
  return new Promise((resolve) => {
    get(url, { agent: false, ca, servername }, (answer) => {
      answer.resume().once('end', () => resolve(answer.statusCode))
    }).on('error', (error: NodeJS.ErrnoException) => resolve(error.code))
  })
}

/** What docs/first-steps.md has a reader do with the two files. */
function shown(): string[] {
  const page = documents().find(({ path }) => path === 'docs/first-steps.md')
  const block = page && codeBlocks(page).find(({ text }) => text.includes('--cacert'))
  assert.ok(block !== undefined)
  return block.text.split('\n')
}

test('a newcomer makes a certificate in one step, serves with it as the command says, and comes in with it alone', async (t) => {
  const database = await testDatabase()
  // In reverse: whoever uses a server ends before it.
  const stack = new AsyncDisposableStack()
  t.after(() => stack.disposeAsync())
  stack.defer(() => database.drop())
  const folder = temporaryFolder('idgen-own-certificate-')
  const made = await certificate(folder, '--name', 'IDS.example', '-n', '10.1.2.3', 'tls')
  assert.deepEqual([made.code, made.err], [0, ''])
  const read = (name: string): string => readFileSync(join(folder, 'tls', name), 'utf8')
  const cert = read('tls.crt')
  const { fingerprint256, subjectAltName } = new X509Certificate(cert)
  assert.match(
    made.out,
    /^Made tls\/tls\.crt and tls\/tls\.key, for localhost, .*ids\.example, 10\.1\.2\.3, until 20/,
  )
  assert.ok(made.out.includes(`SHA-256: ${fingerprint256}\n`))
  assert.match(made.out, /It is for trying only/)
  assert.match(subjectAltName ?? '', /DNS:ids\.example, IP Address:10\.1\.2\.3$/)
  // The line that it prints, here with a folder of its own and without the command at its end.
  const said = /^ {2}(IDGEN_\S+) (IDGEN_\S+) idgen serve$/m.exec(made.out)?.slice(1) ?? []
  const settings = said.map((one) => one.split('=') as [string, string])
  assert.equal(settings.length, 2)
  const service = await startService({
    IDGEN_DATABASE_URL: database.url,
    ...Object.fromEntries(settings.map(([name, file]) => [name, join(folder, file)])),
    IDGEN_SERVER_HTTPS_PORT: '0',
    IDGEN_SERVER_METRICS_TLS: 'true',
  })
  stack.defer(async () => void (await service.stop('SIGTERM')))
  const told = service.log.find(({ msg }) => msg === 'certificate in use')
  assert.equal(told?.['sha256'], fingerprint256)
  assert.match(String(told?.['note']), /^signed by itself: for trying/)
  const port = service.log.find(({ msg }) => msg === 'listening')?.['httpsPort']
  for (const url of [`https://127.0.0.1:${port}/readyz`, `${service.metricsOrigin}/metrics`]) {
    assert.equal(await ask(url, cert, 'ids.example'), 200, url)
    assert.equal(await ask(url, cert, 'other.example'), 'ERR_TLS_CERT_ALTNAME_INVALID', url)
  }
  const [settingsShown, asked = ''] = shown()
  assert.equal(settingsShown, `${said.join(' ')} make run`)
  const line = asked.replace('localhost:8443', `localhost:${port}`)
  assert.notEqual(line, asked)
  const answer = await promisify(execFile)('sh', ['-c', `${line} --silent --fail`], { cwd: folder })
  assert.match(answer.stdout, /"ready":true/)
  const [before, key] = [cert, read('tls.key')]
  const again = await certificate(folder, 'tls')
  assert.deepEqual([again.code, again.out], [1, ''])
  assert.match(again.err, /tls\/tls\.key is there already, and stays as it is\. .*\[IDGEN_ALREADY_EXISTS\]/)
  assert.deepEqual([read('tls.crt'), read('tls.key')], [before, key])
  const two = await certificate(folder, 'two', '--name', 'a.example', 'b.example')
  assert.match(two.err, /too many arguments/, 'a name is one word: the next one is a folder')
  const bad = await certificate(folder, 'other', '--name', 'https://ids.example')
  assert.notEqual(bad.code, 0)
  assert.match(bad.err, /give a DNS name/)
})
