import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect as connectHttp2 } from 'node:http2'
import { connect } from 'node:net'
import { test } from 'node:test'
import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import { type ClientDuplexStream, type ClientReadableStream, type ServiceError, status } from '@grpc/grpc-js'
import { assertTold, GrpcApi } from '../../test/fixtures/grpc-api.ts'
import { HealthService, IdServiceService } from '../../test/fixtures/grpc-stubs.ts'
import { IssuedIds } from '../../test/fixtures/issued-ids.ts'
import { ConnectionPlaces } from '../sockets/connection-places.ts'
import {
  type HealthCheckResponse,
  HealthCheckResponse_ServingStatus as Serving,
} from './generated/grpc/health/v1/health.ts'
import { type GenerateStreamResponse, IdFormat } from './generated/idgen/v1/id_service.ts'
import { createGrpcServer } from './server.ts'

const { generate } = IdServiceService
const TAG = 'acme/shop/segment'

test('health needs no key and follows readiness', async (t) => {
  const api = await GrpcApi.start(t)
  assert.equal(await health(api, ''), Serving.SERVING)
  assert.equal(await health(api, 'idgen.v1.IdService'), Serving.SERVING)
  await assert.rejects(health(api, 'nothing'), { code: status.NOT_FOUND })
  api.memory.useCases.readiness.drain()
  api.memory.clock.advance(1000)
  assert.equal(await health(api, ''), Serving.NOT_SERVING)
  assert.equal(await health(api, 'idgen.v1.IdService'), Serving.NOT_SERVING)
})

test('a health watch sees the change and does not hold up the drain', async (t) => {
  const api = await GrpcApi.start(t)
  const seen: Serving[] = []
  const watch = watchHealth(api, '')
  watch.on('data', (message: HealthCheckResponse) => seen.push(message.status))
  const unknown = watchHealth(api, randomBytes(8).toString('hex'))
  unknown.on('data', (message: HealthCheckResponse) => seen.push(message.status))
  const ended = [watch, unknown].map((stream) => once(stream, 'error').catch((error: unknown) => [error]))
  await Promise.all([once(watch, 'data'), once(unknown, 'data')])
  assert.deepEqual(seen.sort(), [Serving.SERVING, Serving.SERVICE_UNKNOWN])
  // The clock stands still: the drain ends because the watches do, not by its timeout.
  await api.server.drain(1000)
  for (const [error] of await Promise.all(ended))
    assert.equal((error as ServiceError).code, status.UNAVAILABLE)
  assert.ok(seen.includes(Serving.NOT_SERVING))
})

test('reflection, both versions, knows every service and message, and opened it needs no key', async (t) => {
  const api = await GrpcApi.start(t, {}, { openReflection: true })
  for (const version of ['v1', 'v1alpha']) {
    const services = await reflect(api, version, LIST_SERVICES, '*')
    assert.deepEqual(services.map((service) => fields(service)[0]?.[1].toString()).sort(), [
      'grpc.health.v1.Health',
      'idgen.v1.AuditService',
      'idgen.v1.CatalogService',
      'idgen.v1.IdService',
      'idgen.v1.KeyService',
      'idgen.v1.NodeService',
    ])
    for (const symbol of [
      'grpc.health.v1.Health',
      'idgen.v1.IdService',
      'idgen.v1.IdRun',
      'google.rpc.ErrorInfo',
    ]) {
      const [file] = await reflect(api, version, FILE_CONTAINING_SYMBOL, symbol)
      assert.ok(file?.includes(symbol.split('.').at(-1) ?? ''), symbol)
    }
    await assert.rejects(
      reflect(api, version, FILE_CONTAINING_SYMBOL, 'nothing'),
      /Symbol not found: nothing/,
    )
  }
})

test('reflection needs a key unless it is opened, and any valid one will do', async (t) => {
  const api = await GrpcApi.start(t)
  const ask = (key: string) => reflect(api, 'v1', LIST_SERVICES, '*', key)
  for (const wrong of ['', 'x', `idg_aaaaaaaaaaaa_${'0'.repeat(43)}`])
    await assert.rejects(ask(wrong), { code: status.UNAUTHENTICATED })
  const key = await api.key(['audit'])
  // Not in the cache the first time: its questions wait for the answer of the store.
  for (let i = 0; i < 2; i += 1) assert.ok((await ask(key)).length > 3)
})

test('reflection that needs a key counts for the limits of its caller', async (t) => {
  const api = await GrpcApi.start(t, { environment: { IDGEN_LIMITS_PER_KEY: '1' } })
  const ask = () => reflect(api, 'v1', LIST_SERVICES, '*', api.memory.keyText)
  await ask()
  await assert.rejects(ask(), { code: status.RESOURCE_EXHAUSTED })
})

test('a client that asks for descriptors and reads none does not fill the memory', async (t) => {
  const api = await GrpcApi.start(t, {}, { openReflection: true })
  const session = connectHttp2(`http://${api.address}`)
  t.after(() => session.destroy())
  const stream = session.request({
    ':method': 'POST',
    ':path': '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo',
    'content-type': 'application/grpc',
    te: 'trailers',
  })
  // The end of the test cuts the connection off.
  for (const end of [session, stream]) end.on('error', () => undefined)
  stream.pause()
  const request = new BinaryWriter().tag(HOST, WireType.LengthDelimited).string('x'.repeat(2000))
  request.tag(FILE_CONTAINING_SYMBOL, WireType.LengthDelimited).string('idgen.v1.IdService')
  const message = Buffer.from(request.finish())
  const prefix = Buffer.alloc(5)
  prefix.writeUInt32BE(message.length, 1)
  let taken = 0
  // 1 MB of requests; their answers would be 30 MB.
  const send = (): void => {
    if (taken < 500) stream.write(Buffer.concat([prefix, message]), sent)
  }
  const sent = (): void => {
    taken += 1
    send()
  }
  send()
  await turns(1000)
  assert.ok(taken > 0 && taken < 250, `the server read ${taken} requests of a client that reads no answer`)
  assert.equal(await health(api, ''), Serving.SERVING)
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

test('a client above the limit of connections is closed, and the others are answered on', async (t) => {
  const api = await GrpcApi.withTags(t, {}, { places: ConnectionPlaces.upTo(1, 'grpc') })
  await api.call(generate, { tag: TAG })
  const further = connect(api.port, '127.0.0.1')
  t.after(() => further.destroy())
  further.on('error', () => undefined)
  further.resume()
  await once(further, 'close')
  assert.equal((await api.call(generate, { tag: TAG })).id, '2')
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
    (error: unknown) => (error as ServiceError).code,
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
  const other = createGrpcServer(api.memory.useCases, { maxMessageBytes: 1000 })
  await assert.rejects(other.listen({ host: '127.0.0.1', port: api.port }), { code: 'EADDRINUSE' })
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

async function health(api: GrpcApi, service: string): Promise<Serving> {
  return (await api.call(HealthService.check, { service }, { key: '' })).status
}

function watchHealth(api: GrpcApi, service: string): ClientReadableStream<HealthCheckResponse> {
  const { path, requestSerialize, responseDeserialize } = HealthService.watch
  return api.client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, { service })
}

/** Fields of ServerReflectionRequest. */
const HOST = 1
const FILE_CONTAINING_SYMBOL = 4
const LIST_SERVICES = 7
/** Fields of ServerReflectionResponse. */
const VALID_HOST = 1
const ORIGINAL_REQUEST = 2
const ERROR_RESPONSE = 7

/** What the answer repeats: services or files. @throws with the text of an error response */
async function reflect(
  api: GrpcApi,
  version: string,
  field: number,
  value: string,
  key = '',
): Promise<Buffer[]> {
  const request = new BinaryWriter().tag(field, WireType.LengthDelimited).string(value)
  const stream: ClientDuplexStream<Buffer, Buffer> = api.client.makeBidiStreamRequest(
    `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`,
    (bytes: Buffer) => bytes,
    (bytes: Buffer) => bytes,
    api.metadata(key),
  )
  stream.write(Buffer.from(request.finish()))
  const [answer] = (await once(stream, 'data')) as [Buffer]
  stream.end()
  await once(stream, 'status')
  const [told] = fields(answer).filter(([number]) => number !== VALID_HOST && number !== ORIGINAL_REQUEST)
  const body = told?.[1] ?? assert.fail('an empty answer')
  if (told?.[0] === ERROR_RESPONSE) throw new Error(body.toString('latin1'))
  return fields(body).map(([, bytes]) => bytes)
}

/** The length-delimited fields of a message. */
function fields(message: Uint8Array): [number, Buffer][] {
  const reader = new BinaryReader(message)
  const found: [number, Buffer][] = []
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag()
    if (wireType === WireType.LengthDelimited) found.push([number, Buffer.from(reader.bytes())])
    else reader.skip(wireType, number)
  }
  return found
}

/** Resolves when the server has closed the connection, or has answered something. */
async function sendRaw(port: number, bytes: Buffer | string): Promise<void> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => undefined)
  socket.end(bytes)
  socket.resume()
  await once(socket, 'close')
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}
