import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { startService } from '../fixtures/service-process.ts'
import { temporaryFolder } from '../fixtures/temporary-folder.ts'
import { bench, quickstartKey } from './bench-command.ts'
import { testDatabase } from './postgres-server.ts'
import { RedisProcess } from './redis-process.ts'

const DOCUMENT = fileURLToPath(new URL('../../docs/bench.md', import.meta.url))
const README = fileURLToPath(new URL('../../README.md', import.meta.url))

test('every sample of docs/bench.md and README.md runs as it stands, but for addresses and time', async (t) => {
  const folder = temporaryFolder('idgen-bench-doc-')
  const database = await testDatabase()
  const data = join(folder, 'data')
  const service = await startService({ IDGEN_DATABASE_URL: database.url, IDGEN_DATA_DIR: data }, [
    '--quickstart',
  ])
  t.after(() => service.stop('SIGTERM'))
  const plain = await RedisProcess.start(false)
  // Stands for the RESP listener, which takes the key as Redis takes a password.
  const resp = await RedisProcess.start(false)
  await resp.command('CONFIG', 'SET', 'requirepass', await quickstartKey(join(data, 'quickstart-key')))
  const addresses: Readonly<Record<string, string>> = {
    'http://127.0.0.1:8080': service.httpOrigin,
    'grpc://127.0.0.1:50051': `grpc://${service.grpcAddress}`,
    'redis://127.0.0.1:6399': resp.url,
    'redis://127.0.0.1:6379': plain.url,
  }
  const texts = await Promise.all([DOCUMENT, README].map((file) => readFile(file, 'utf8')))
  const samples = texts.map((text) =>
    [...text.matchAll(/^(?:bin\/)?idgen bench (.*)$/gm)].map(([, line = '']) => line),
  )
  assert.ok((samples[0]?.length ?? 0) >= 7)
  assert.equal(samples[1]?.length, 1)
  for (const sample of samples.flat()) {
    const words = sample.split(' ').map((word) => addresses[word] ?? word.replace(/^"(.*)"$/, '$1'))
    const shorter = [
      '--duration',
      '300ms',
      '--warm-up',
      '0s',
      ...(words.includes('--rate') ? ['--rate', '100'] : []),
    ]
    const { code, out, err } = await bench([...words, ...shorter], {}, folder)
    assert.equal(code, 0, `${sample}\n${out}${err}`)
    assert.match(out, /^answers {2}[1-9]/m)
  }
  for (const picture of ['http.svg', 'bench.svg'])
    assert.match(await readFile(join(folder, picture), 'utf8'), /^<svg/)
  assert.match(await readFile(join(folder, 'resp.json'), 'utf8'), /^\{\n/)
})

test('every option that the document lists is one of the command, and the other way round', async () => {
  const document = await readFile(DOCUMENT, 'utf8')
  const help = (await bench(['--help'])).out
  const options = [...help.matchAll(/^ {2}(--[a-z-]+)/gm)].map(([, name = '']) => name)
  const named = [...document.matchAll(/--[a-z][a-z-]+/g)].map(([name]) => name)
  assert.deepEqual(
    options.filter((name) => !named.includes(name)),
    [],
  )
  assert.deepEqual(
    named.filter((name) => !options.includes(name)),
    [],
  )
})
