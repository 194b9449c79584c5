import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { connect } from 'node:http2'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import {
  GenerateBatchRequest,
  GenerateBatchResponse,
} from '../../service/grpc/generated/idgen/v1/id_service.ts'
import { exists, grpcurl, INSTALL_LIMIT_MS, installed, pythonWith, TOOLS } from '../fixtures/foreign-tools.ts'
import { GrpcApi } from '../fixtures/grpc-api.ts'
import { assertNoneTwice } from '../fixtures/none-twice.ts'
import { RespService } from '../fixtures/resp-service.ts'
import { ScriptedCertificates } from '../fixtures/scripted-certificates.ts'
import { selfSigned } from '../fixtures/self-signed.ts'
import { temporaryFolder } from '../fixtures/temporary-folder.ts'

/** Clients that nobody here wrote: grpcurl (Go), through reflection alone, and one that protoc made for Python. */

const run = promisify(execFile)
const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const GRPCIO_TOOLS_VERSION = '1.85.1'
/** One address asks as fast as it can. */
const NO_LIMIT = { environment: { IDGEN_LIMITS_PER_ADDRESS: '0' } }

test('grpcurl finds, describes and calls everything by reflection alone', async (t) => {
  const program = await grpcurl(t)
  if (program === undefined) return
  const api = await GrpcApi.withTags(t)
  const key = ['-H', `authorization: Bearer ${api.memory.keyText}`]
  const call = async (...args: string[]): Promise<string> =>
    (await run(program, ['-plaintext', ...key, ...args])).stdout

  const services = (await call(api.address, 'list')).trim().split('\n')
  for (const service of [
    'grpc.health.v1.Health',
    'idgen.v1.CatalogService',
    'idgen.v1.IdService',
    'idgen.v1.KeyService',
  ])
    assert.ok(services.includes(service), services.join())
  const described = await call(api.address, 'describe', 'idgen.v1.GenerateBatchRequest')
  assert.match(described, /uint32 count = 2/)
  assert.match(described, /How many IDs, from 1 to the limit/, 'the comments of the proto are served too')
  assert.match(await call(api.address, 'grpc.health.v1.Health/Check'), /"status": "SERVING"/)

  const one: unknown = JSON.parse(
    await call('-d', '{"tag":"acme/shop/segment"}', api.address, 'idgen.v1.IdService/Generate'),
  )
  assert.deepEqual(one, { id: '1', algorithm: 'ALGORITHM_SEGMENT' })
  const batch = '{"tag":"acme/shop/segment","count":500,"format":"ID_FORMAT_RUNS"}'
  const { runs } = JSON.parse(await call('-d', batch, api.address, 'idgen.v1.IdService/GenerateBatch')) as {
    runs: unknown
  }
  assert.deepEqual(runs, [{ first: '2', count: 500 }])
  const three = `${batch} ${batch} ${batch}`
  const streamed = await call('-d', three, api.address, 'idgen.v1.IdService/GenerateStream')
  // An answer that reaches into the next segment has two runs.
  const counts = [...streamed.matchAll(/"count": (\d+)/g)].map(([, count]) => Number(count))
  assert.equal(
    counts.reduce((sum, count) => sum + count, 0),
    1500,
  )
})

test('grpcurl shows the details of an error', async (t) => {
  const program = await grpcurl(t)
  if (program === undefined) return
  const api = await GrpcApi.withTags(t, {}, { openReflection: true })
  const args = ['-plaintext', '-d', '{"tag":"acme/shop/segment"}', api.address, 'idgen.v1.IdService/Generate']
  const { stderr } = await run(program, args).then(
    () => assert.fail('answered without a key'),
    (error: unknown) => error as { stderr: string },
  )
  assert.match(stderr, /Code: Unauthenticated/)
  assert.match(stderr, /google\.rpc\.ErrorInfo/)
  assert.match(stderr, /"reason": "IDGEN_UNAUTHENTICATED"/)
})

test('a Python client generated from the proto issues, streams and reads error details', async (t) => {
  const python = await installed(t, 'grpcio-tools', () => pythonWith('grpcio-tools', GRPCIO_TOOLS_VERSION))
  if (python === undefined) return
  const generated = temporaryFolder('idgen-python-')
  const proto = join(ROOT, 'proto')
  const files = [
    'idgen/v1/algorithm.proto',
    'idgen/v1/id_service.proto',
    'google/rpc/status.proto',
    'google/rpc/error_details.proto',
  ]
  const out = [`--python_out=${generated}`, `--grpc_python_out=${generated}`]
  await run(python, ['-m', 'grpc_tools.protoc', `-I${proto}`, ...out, ...files], { cwd: proto })
  const api = await GrpcApi.withTags(t, NO_LIMIT)
  const script = join(ROOT, 'test/fixtures/grpc_client.py')
  const { stdout } = await run(python, [script, generated, api.address, api.memory.keyText])
  assert.deepEqual(JSON.parse(stdout), {
    one: '1',
    runs: [[2, 100_000]],
    uuid_bytes: 160,
    streamed: 100_000,
    increasing: true,
    at_once: 500,
    compressed: true,
    late: 'DEADLINE_EXCEEDED',
    error: { code: 'NOT_FOUND', reason: 'IDGEN_TAG_NOT_FOUND', retryable: 'false' },
  })
})

test('nghttp2 reads 256 large answers at once through windows of a kilobyte, and pings meanwhile', async (t) => {
  const api = await GrpcApi.withTags(t, NO_LIMIT)
  const session = connect(`http://${api.address}`, { settings: { initialWindowSize: 1000 } })
  t.after(() => session.destroy())
  await once(session, 'connect')
  const message = GenerateBatchRequest.encode({ tag: 'acme/shop/uuid-v7', count: 1000, format: 2 }).finish()
  const ask = async (): Promise<string[]> => {
    const stream = session.request({
      ':method': 'POST',
      ':path': '/idgen.v1.IdService/GenerateBatch',
      'content-type': 'application/grpc',
      te: 'trailers',
      authorization: `Bearer ${api.memory.keyText}`,
    })
    const trailers = once(stream, 'trailers')
    stream.end(Buffer.concat([Buffer.from([0, 0, 0, 0, message.length]), message]))
    const bytes = await buffer(stream)
    const [told] = (await trailers) as [Record<string, string>]
    assert.equal(told['grpc-status'], '0')
    assert.equal(bytes.readUInt32BE(1), bytes.length - 5)
    return GenerateBatchResponse.decode(bytes.subarray(5)).texts
  }
  const asked = Array.from({ length: 256 }, ask)
  await new Promise<void>((resolve, reject) => {
    session.ping((error) => (error === null ? resolve() : reject(error)))
  })
  assertNoneTwice((await Promise.all(asked)).flat(), 256_000)
})

const GO_SAW = {
  distinct: 512 * 20,
  large: 10_000,
  compressed: 1,
  streamed: 100_000,
  late: 'DeadlineExceeded',
  error: 'NotFound 1',
}

test('grpc-go loses no call while its connections end for their age, with the smallest windows', async (t) => {
  const client = await installed(t, 'grpc-go', buildGoClient)
  if (client === undefined) return
  const { world, service } = await RespService.start(t, { IDGEN_SERVER_MAX_CONNECTION_AGE: '300ms' })
  const args = [service.grpcAddress, world.key, 'demo/load/orders', 'demo/load/uuids']
  const { stdout } = await run(client, args, CLIENT_LIMIT)
  assert.deepEqual(JSON.parse(stdout), GO_SAW)
})

test('grpc-go speaks to it encrypted, which it only does where h2 is agreed on', async (t) => {
  const client = await installed(t, 'grpc-go', buildGoClient)
  if (client === undefined) return
  const certificate = selfSigned('localhost')
  const folder = temporaryFolder('idgen-grpc-go-')
  const trusted = join(folder, 'trusted.pem')
  await writeFile(trusted, certificate.cert)
  const certificates = new ScriptedCertificates(certificate)
  const api = await GrpcApi.withTags(t, NO_LIMIT, { tls: { certificates, minVersion: 'TLSv1.3' } })
  const args = [api.address, api.memory.keyText, 'acme/shop/segment', 'acme/shop/uuid-v7', trusted]
  const { stdout } = await run(client, args, CLIENT_LIMIT)
  assert.deepEqual(JSON.parse(stdout), GO_SAW)
})

const CLIENT_LIMIT = { timeout: 60_000 }

/** Built once for each version that go.mod names. */
async function buildGoClient(): Promise<string> {
  const folder = join(ROOT, 'test/fixtures/grpc-client-go')
  const version = /google\.golang\.org\/grpc (v[\d.]+)/.exec(
    await readFile(join(folder, 'go.mod'), 'utf8'),
  )?.[1]
  const binary = join(TOOLS, `grpc-go-${version}`, 'client')
  if (await exists(binary)) return binary
  await run('go', ['build', '-mod=readonly', '-trimpath', '-o', binary, '.'], {
    cwd: folder,
    env: { ...process.env, CGO_ENABLED: '0' },
    timeout: INSTALL_LIMIT_MS,
  })
  return binary
}
