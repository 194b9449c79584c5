import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { selfSigned } from '../fixtures/self-signed.ts'
import { type ServiceProcess, startService } from '../fixtures/service-process.ts'
import { temporaryFolder } from '../fixtures/temporary-folder.ts'
import { bench, benchJson, quickstartKey } from './bench-command.ts'
import { testDatabase } from './postgres-server.ts'

const CERTIFICATE = selfSigned('bench')

let service: ServiceProcess
let folder: string
/** The key of the quickstart, which is what docs/bench.md takes too. */
let keyFile: string

before(async () => {
  folder = temporaryFolder('idgen-bench-')
  await writeFile(join(folder, 'tls.crt'), CERTIFICATE.cert)
  await writeFile(join(folder, 'tls.key'), CERTIFICATE.key)
  const database = await testDatabase()
  service = await startService(
    {
      IDGEN_DATABASE_URL: database.url,
      IDGEN_DATA_DIR: folder,
      IDGEN_SERVER_HTTPS_CERT: join(folder, 'tls.crt'),
      IDGEN_SERVER_HTTPS_KEY: join(folder, 'tls.key'),
      IDGEN_SERVER_HTTPS_PORT: '0',
      IDGEN_SERVER_HTTPS_REDIRECT: 'false',
    },
    ['--quickstart'],
  )
  keyFile = join(folder, 'quickstart-key')
  await quickstartKey(keyFile)
})

after(() => service.stop('SIGTERM'))

test('over HTTP it counts what it got, finds no duplicate, and writes JSON and a picture', async () => {
  const [json, picture] = [join(folder, 'out.json'), join(folder, 'out.svg')]
  const { code, out, err } = await bench([
    service.httpOrigin,
    '--tag',
    'demo/shop/orders',
    '--key-file',
    keyFile,
    '--connections',
    '8',
    '--pipeline',
    '4',
    '--threads',
    '2',
    '--duration',
    '2s',
    '--json',
    json,
    '--picture',
    picture,
  ])
  assert.equal(code, 0, out + err)
  assert.match(out, /no duplicate among [\d,]+ IDs/)
  assert.ok(err.split('\n').length >= 3, 'a line a second')
  const report = JSON.parse(await readFile(json, 'utf8')) as Awaited<ReturnType<typeof benchJson>>['report']
  assert.ok(report.answers > 100)
  assert.equal(report.ids, report.answers)
  // The one before the load is checked as well.
  assert.equal(report.check?.checked, report.ids + 1)
  assert.ok(report.latency.p50 > 0 && report.latency.p50 <= report.latency.p99)
  assert.match(await readFile(picture, 'utf8'), /^<svg /)
})

test('several tags, several IDs a request, numbers and UUIDs are all told apart', async () => {
  const tags = ['demo/shop/orders', 'demo/shop/events', 'demo/shop/sessions', 'demo/shop/coupons']
  const { code, report, err } = await benchJson([
    service.httpOrigin,
    '--tag',
    ...tags,
    '--key-file',
    keyFile,
    '--batch',
    '20',
    '--duration',
    '500ms',
  ])
  assert.equal(code, 0, err)
  assert.equal(report.ids, report.answers * 20)
  assert.equal(report.check?.duplicates, 0)
  assert.equal(report.check?.checked, report.ids + 4 * 20)
})

test('a tag with a format is loaded, and its texts are checked', async () => {
  const headers = {
    authorization: `Bearer ${await quickstartKey(keyFile)}`,
    'content-type': 'application/json',
  }
  const made = await fetch(`${service.httpOrigin}/v1/workspaces/demo/groups/shop/tags`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ name: 'invoice', space: { format: { prefix: 'INV-', width: 6 } } }),
  })
  assert.equal(made.status, 201, await made.text())
  for (const target of [service.httpOrigin, `grpc://${service.grpcAddress}`]) {
    const tag = ['--tag', 'demo/shop/invoice', '--key-file', keyFile]
    const { code, report, err } = await benchJson([target, ...tag, '--batch', '20', '--duration', '500ms'])
    assert.equal(code, 0, err)
    assert.ok(report.answers > 0)
    assert.equal(report.check?.checked, report.ids + 20)
    assert.equal(report.check?.duplicates, 0)
  }
})

for (const protocol of ['grpc', 'grpc-stream'])
  test(`over ${protocol} it asks for one ID, many, runs and numbers`, async () => {
    const target = `grpc://${service.grpcAddress}`
    const tag = ['--tag', 'demo/shop/orders', 'demo/shop/events', '--key-file', keyFile]
    const common = [
      target,
      '--protocol',
      protocol,
      ...tag,
      '--duration',
      '500ms',
      '--connections',
      '2',
      '--pipeline',
      '8',
    ]
    const forms = ['runs', 'numbers'].map((form) => ['--batch', '1000', '--as', form])
    for (const more of [[], ['--batch', '10'], ...forms]) {
      const { code, report, err } = await benchJson([...common, ...more])
      assert.equal(code, 0, err + JSON.stringify(report.errors))
      assert.ok(report.answers >= 5)
      assert.equal(report.ids, report.answers * Number(more[1] ?? 1))
      assert.equal(report.check?.duplicates, 0)
      assert.ok(report.bytes.received > report.answers)
    }
    const uuids = [
      '--tag',
      'demo/shop/sessions',
      '--key-file',
      keyFile,
      '--batch',
      '10',
      '--as',
      'runs',
      '--duration',
      '500ms',
    ]
    const { code, report } = await benchJson([target, '--protocol', protocol, ...uuids])
    assert.equal(code, 0)
    assert.equal(report.check?.checked, report.ids + 10)
  })

test('with TLS it trusts the certificates it is given, and no others', async () => {
  const port = Number(service.log.find(({ msg }) => msg === 'listening')?.['httpsPort'])
  const args = [
    `https://127.0.0.1:${port}`,
    '--tag',
    'demo/shop/orders',
    '--key-file',
    keyFile,
    '--duration',
    '500ms',
  ]
  const { code, report } = await benchJson([...args, '--ca', join(folder, 'tls.crt')])
  assert.equal(code, 0)
  assert.ok(report.answers >= 5)
  const refused = await bench(args)
  assert.equal(refused.code, 1)
  assert.match(refused.err, /cannot be reached: self-signed certificate/)
})

test('a wrong key and a tag that is not there are told at once', async () => {
  const wrong = await bench([service.httpOrigin, '--tag', 'demo/shop/orders', '--key', 'idg_wrong'])
  assert.equal(wrong.code, 1)
  assert.match(wrong.err, /first request failed: IDGEN_UNAUTHENTICATED: /)
  const missing = await bench([service.httpOrigin, '--tag', 'demo/shop/nothing', '--key-file', keyFile])
  assert.match(missing.err, /IDGEN_TAG_NOT_FOUND: /)
  const overGrpc = await bench([`grpc://${service.grpcAddress}`, '--tag', 'demo/shop/orders'])
  assert.match(overGrpc.err, /IDGEN_UNAUTHENTICATED: /)
})

test('connections that the service closes in an orderly way are no failures', async (t) => {
  const database = await testDatabase()
  const own = temporaryFolder('idgen-bench-age-')
  const young = await startService(
    {
      IDGEN_DATABASE_URL: database.url,
      IDGEN_DATA_DIR: own,
      IDGEN_SERVER_MAX_CONNECTION_AGE: '1s',
      IDGEN_SERVER_RESP_ENABLED: 'true',
    },
    ['--quickstart'],
  )
  t.after(() => young.stop('SIGTERM'))
  await quickstartKey(join(own, 'quickstart-key'))
  const common = [
    '--tag',
    'demo/shop/orders',
    '--key-file',
    join(own, 'quickstart-key'),
    '--duration',
    '2500ms',
    '--pipeline',
    '4',
  ]
  const http = await benchJson([young.httpOrigin, ...common])
  assert.deepEqual(http.report.errors, [])
  assert.equal(http.code, 0)
  assert.ok(http.report.reconnects > 0, 'none was closed')
  assert.equal(http.report.check?.duplicates, 0)
  // The Redis protocol has no word for it: what crosses the end is sent again, as Redis clients do.
  const resp = await benchJson([`redis://127.0.0.1:${young.respPort}`, ...common])
  assert.deepEqual(resp.report.errors, [])
  assert.equal(resp.code, 0)
  assert.ok(resp.report.reconnects > 0, 'none was closed')
  assert.equal(resp.report.check?.duplicates, 0)
  // Over gRPC the library opens the new one.
  const unary = await benchJson([`grpc://${young.grpcAddress}`, ...common])
  assert.deepEqual(unary.report.errors, [])
  assert.equal(unary.code, 0)
})
