import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import { type TestContext, test } from 'node:test'
import {
  type ClientDuplexStream,
  type ClientReadableStream,
  loadPackageDefinition,
  type ServiceError,
  status,
} from '@grpc/grpc-js'
import { service as healthService } from 'grpc-health-check'
import { IssuedIds } from '../../test/fixtures/issued-ids.ts'
import { assertTold, GrpcApi } from '../../test/fixtures/grpc-api.ts'
import { IdgenError } from '../core/errors.ts'
import { type GenerateStreamResponse, IdFormat, IdServiceService } from './generated/idgen/v1/id_service.ts'
import { createGrpcServer } from './server.ts'

const { generate } = IdServiceService
const TAG = 'acme/shop/segment'

test('health needs no key and follows readiness', async (t) => {
  const api = await GrpcApi.start(t)
  assert.equal(await health(api, ''), 'SERVING')
  assert.equal(await health(api, 'idgen.v1.IdService'), 'SERVING')
  await assert.rejects(health(api, 'nothing'), { code: status.NOT_FOUND })
  api.memory.useCases.readiness.drain()
  api.memory.clock.advance(1000)
  assert.equal(await health(api, ''), 'NOT_SERVING')
  assert.equal(await health(api, 'idgen.v1.IdService'), 'NOT_SERVING')
})

test('a health watch sees the change and does not hold up the drain', async (t) => {
  const api = await GrpcApi.start(t)
  const seen: string[] = []
  const watch = watchHealth(api, '')
  watch.on('data', (message: { status: string }) => seen.push(message.status))
  const unknown = watchHealth(api, randomBytes(8).toString('hex'))
  unknown.on('data', (message: { status: string }) => seen.push(message.status))
  const ended = [watch, unknown].map((stream) => once(stream, 'error').catch((error: unknown) => [error]))
  await Promise.all([once(watch, 'data'), once(unknown, 'data')])
  assert.deepEqual(seen.sort(), ['SERVICE_UNKNOWN', 'SERVING'])
  // The clock stands still: the drain ends because the watches do, not by its timeout.
  await api.server.drain(1000)
  for (const [error] of await Promise.all(ended)) assert.equal((error as ServiceError).code, status.UNAVAILABLE)
  assert.ok(seen.includes('NOT_SERVING'))
})

test('reflection, both versions, needs no key and knows every service and message', async (t) => {
  const api = await GrpcApi.start(t)
  for (const version of ['v1', 'v1alpha']) {
    const listed = await reflect(api, version, { listServices: '*' })
    const names = listed.listServicesResponse?.service.map(({ name }) => name).sort()
    assert.deepEqual(names, [
      'grpc.health.v1.Health',
      'idgen.v1.CatalogService',
      'idgen.v1.IdService',
      'idgen.v1.KeyService',
    ])
    for (const fileContainingSymbol of [...(names ?? []), 'idgen.v1.IdRun', 'google.rpc.ErrorInfo']) {
      const found = await reflect(api, version, { fileContainingSymbol })
      assert.ok((found.fileDescriptorResponse?.fileDescriptorProto.length ?? 0) > 0, fileContainingSymbol)
    }
    const missing = await reflect(api, version, { fileContainingSymbol: 'nothing' })
    assert.equal(missing.errorResponse?.errorCode, status.NOT_FOUND)
  }
})

test('an unknown method is UNIMPLEMENTED', async (t) => {
  const api = await GrpcApi.start(t)
  const path = '/idgen.v1.IdService/Nothing'
  await assert.rejects(api.call({ ...generate, path }, { tag: TAG }), { code: status.UNIMPLEMENTED })
})

test('a fault inside is told without its cause, under a trace id that the log has too', async (t) => {
  const api = await GrpcApi.withTags(t)
  api.memory.useCases.directory.resolve = async () => {
    throw new Error('password=hunter2 at db.internal')
  }
  const told = await api.refuses('IDGEN_INTERNAL', generate, { tag: TAG })
  assert.doesNotMatch(told.details, /hunter2|db\.internal/)
  assert.equal(told.retryable, false)
})

test('garbage on the port does not end the server', async (t) => {
  const api = await GrpcApi.withTags(t)
  const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'
  for (const bytes of [
    randomBytes(4096),
    'GET / HTTP/1.1\r\nhost: x\r\n\r\n',
    preface + randomBytes(200).toString('latin1'),
    // A frame that says it is 16 MiB long.
    Buffer.concat([Buffer.from(preface), Buffer.from([0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 1]), randomBytes(64)]),
  ])
    await sendRaw(api.port, bytes)
  // Messages that are no protobuf of ours, in a call that is one.
  const broken = { ...generate, requestSerialize: () => Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f, 1]) }
  await assert.rejects(api.call(broken, { tag: TAG }), { code: status.INTERNAL })
  assert.equal((await api.call(generate, { tag: TAG })).id, '1')
})

test('a drain under load answers what it took, gives no ID twice and ends in time', async (t) => {
  const api = await GrpcApi.withTags(t)
  const issued = new IssuedIds()
  const ends = Array.from({ length: 20 }, () => askUntilRefused(api, issued))
  const stream = api.stream()
  stream.on('data', ({ texts }: GenerateStreamResponse) => {
    for (const text of texts) issued.text(TAG, text, 'stream')
    stream.write({ tag: TAG, count: 10, format: IdFormat.TEXT })
  })
  const streamEnded = once(stream, 'error').catch((error: unknown) => [error])
  stream.write({ tag: TAG, count: 10, format: IdFormat.TEXT })
  await once(stream, 'data')
  await api.server.drain(1000)
  for (const error of await Promise.all(ends)) assert.equal(error.code, status.UNAVAILABLE, error.message)
  assertTold((await streamEnded)[0] as ServiceError, 'IDGEN_SHUTTING_DOWN')
  issued.verify()
  const spent = api.memory.useCases.directory.peek(TAG)?.served.segment.ids
  assert.equal(issued.total, spent, 'every ID that was spent reached a caller')
})

test('a drain cuts off what does not end by itself when its time is over', async (t) => {
  const api = await GrpcApi.withTags(t)
  const waits = Promise.withResolvers<void>()
  api.memory.useCases.directory.resolve = () => {
    waits.resolve()
    return new Promise(() => undefined)
  }
  const hanging = api.call(generate, { tag: TAG }).then(
    () => assert.fail('answered'),
    (error: ServiceError) => error.code,
  )
  await waits.promise
  let drained = false
  const drain = api.server.drain(5000).then(() => {
    drained = true
  })
  api.memory.clock.advance(4999)
  await new Promise((resolve) => setImmediate(resolve))
  assert.equal(drained, false)
  api.memory.clock.advance(1)
  await drain
  assert.ok([status.UNAVAILABLE, status.CANCELLED].includes(await hanging))
  await api.server.drain(5000)
})

test('a server that never listened drains at once, and a taken port is refused', async (t) => {
  const api = await GrpcApi.start(t)
  const other = createGrpcServer(api.memory.useCases, { maxMessageBytes: 1000, version: '1' })
  await assert.rejects(
    other.listen('127.0.0.1', api.port),
    (error) =>
      error instanceof IdgenError && error.code === 'IDGEN_PORT_IN_USE' && error.message.includes(String(api.port)),
  )
  await other.drain(1000)
})

async function askUntilRefused(api: GrpcApi, issued: IssuedIds): Promise<ServiceError> {
  for (;;) {
    try {
      issued.text(TAG, (await api.call(generate, { tag: TAG })).id, 'unary')
    } catch (error) {
      return error as ServiceError
    }
  }
}

async function health(api: GrpcApi, service: string): Promise<string> {
  const method = healthService['Check'] ?? assert.fail('no Check')
  const { status: serving } = await api.call(method as never as Method<object, { status: string }>, { service }, { key: '' })
  return serving
}

interface Method<Q, A> {
  readonly path: string
  readonly requestSerialize: (request: Q) => Buffer
  readonly responseDeserialize: (bytes: Buffer) => A
}

function watchHealth(api: GrpcApi, service: string): ClientReadableStream<{ status: string }> {
  const method = healthService['Watch'] as never as Method<object, { status: string }>
  const { path, requestSerialize, responseDeserialize } = method
  return api.client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, { service })
}

interface Reflected {
  readonly listServicesResponse?: { readonly service: readonly { readonly name: string }[] }
  readonly fileDescriptorResponse?: { readonly fileDescriptorProto: readonly Buffer[] }
  readonly errorResponse?: { readonly errorCode: number }
}
