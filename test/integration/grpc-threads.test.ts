import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type TestContext, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js'
import {
  type HealthCheckResponse,
  HealthCheckResponse_ServingStatus as Serving,
} from '../../service/grpc/generated/grpc/health/v1/health.ts'
import { Algorithm } from '../../service/grpc/generated/idgen/v1/algorithm.ts'
import type { ExportAuditRecordsResponse } from '../../service/grpc/generated/idgen/v1/audit_service.ts'
import { type GenerateStreamResponse, IdFormat } from '../../service/grpc/generated/idgen/v1/id_service.ts'
import {
  AuditServiceService,
  CatalogServiceService,
  HealthService,
  IdServiceService,
  type Stub,
} from '../fixtures/grpc-stubs.ts'
import { IssuedIds } from '../fixtures/issued-ids.ts'
import { type ServiceProcess, startService } from '../fixtures/service-process.ts'
import { testDatabase } from './postgres-server.ts'

const ADMIN = 'grpc-threads-admin-key'
const TAG = 'demo/load/segment'
/** Enough that the kernel gives each of two threads some. */
const CONNECTIONS = 16

/** A connection of its own: clients of one process would share it otherwise. */
function connected(t: TestContext, service: ServiceProcess): Client {
  const client = new Client(service.grpcAddress, credentials.createInsecure(), {
    'grpc.use_local_subchannel_pool': 1,
  })
  t.after(() => client.close())
  return client
}

function metadata(key = ADMIN): Metadata {
  const entries = new Metadata()
  entries.set('authorization', `Bearer ${key}`)
  return entries
}

function call<Q, A>(client: Client, method: Stub<Q, A>, request: Q, key = ADMIN): Promise<A> {
  return new Promise((resolve, reject) => {
    const { path, requestSerialize, responseDeserialize } = method
    client.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      request,
      metadata(key),
      (error, answer) => (error === null && answer !== undefined ? resolve(answer) : reject(error)),
    )
  })
}

async function world(t: TestContext): Promise<{ service: ServiceProcess; clients: readonly Client[] }> {
  const database = await testDatabase()
  t.after(() => database.drop())
  const service = await startService({
    IDGEN_DATABASE_URL: database.url,
    IDGEN_AUTH_ADMIN_KEY: ADMIN,
    IDGEN_SERVER_THREADS: '2',
  })
  t.after(() => service.stop('SIGTERM'))
  const clients = Array.from({ length: CONNECTIONS }, () => connected(t, service))
  const [first] = clients
  assert.ok(first !== undefined)
  await call(first, CatalogServiceService.createWorkspace, { workspace: 'demo', displayName: '' })
  await call(first, CatalogServiceService.createGroup, { group: 'demo/load', displayName: '' })
  const chain = [Algorithm.SEGMENT]
  const algorithm = Algorithm.UNSPECIFIED
  await call(first, CatalogServiceService.createTag, {
    tag: TAG,
    displayName: '',
    chain,
    algorithm,
    step: undefined,
    space: undefined,
  })
  return { service, clients }
}

test('threads answer calls for IDs, each ID once and in order on its connection, and pass the rest on', async (t) => {
  const { service, clients } = await world(t)
  const issued = new IssuedIds()
  await Promise.all(
    clients.map(async (client, number) => {
      let last = 0
      for (let i = 0; i < 50; i += 1) {
        const { id } = await call(client, IdServiceService.generate, { tag: TAG })
        issued.text(TAG, id, `unary ${number}`)
        assert.ok(Number(id) > last, `${id} after ${last}`)
        last = Number(id)
      }
      const { runs } = await call(client, IdServiceService.generateBatch, {
        tag: TAG,
        count: 500,
        format: IdFormat.RUNS,
      })
      for (const { first, count } of runs) issued.run(TAG, first, count, `batch ${number}`)
      assert.equal((await call(client, IdServiceService.decode, { id: '7' })).id, '7')
      assert.equal((await call(client, CatalogServiceService.getTag, { tag: TAG })).tag?.tag, TAG)
    }),
  )
  issued.verify()
  const metrics = await (await fetch(`${service.metricsOrigin}/metrics`)).text()
  const served = [...metrics.matchAll(/^idgen_generate_requests_total\{[^}]*segment[^}]*\} (\d+)/gm)]
  assert.equal(
    served.reduce((sum, [, count]) => sum + Number(count), 0),
    CONNECTIONS * 51,
  )
})

test('a thread refuses as the main thread does, and health needs no key', async (t) => {
  const { clients } = await world(t)
  for (const client of clients.slice(0, 6)) {
    const { generate, generateBatch } = IdServiceService
    await assert.rejects(call(client, generate, { tag: TAG }, 'nonsense'), { code: status.UNAUTHENTICATED })
    await assert.rejects(call(client, generate, { tag: 'demo/load/nothing' }), { code: status.NOT_FOUND })
    await assert.rejects(call(client, generateBatch, { tag: TAG, count: 0, format: IdFormat.RUNS }), {
      code: status.INVALID_ARGUMENT,
    })
    await assert.rejects(call(client, CatalogServiceService.getTag, { tag: TAG }, 'nonsense'), {
      code: status.UNAUTHENTICATED,
    })
    await assert.rejects(call(client, { ...generate, path: '/idgen.v1.IdService/No' }, { tag: TAG }), {
      code: status.UNIMPLEMENTED,
    })
    const { path, requestSerialize, responseDeserialize } = HealthService.watch
    const watch = client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, { service: '' })
    watch.on('error', () => undefined)
    for await (const told of watch as AsyncIterable<HealthCheckResponse>)
      if (told.status === Serving.SERVING) break
  }
})

test('streams that are open when the process ends are told to go elsewhere, and no ID is lost or given twice', async (t) => {
  const { service, clients } = await world(t)
  const issued = new IssuedIds()
  const ends = clients.map((client, number) => {
    const { path, requestSerialize, responseDeserialize } = IdServiceService.generateStream
    const stream = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, metadata())
    const ask = (): unknown => stream.write({ tag: TAG, count: 20, format: IdFormat.TEXT })
    stream.on('data', ({ texts }: GenerateStreamResponse) => {
      for (const text of texts) issued.text(TAG, text, `stream ${number}`)
      ask()
    })
    const ended = once(stream, 'error').then(
      ([error]) => error as ServiceError,
      (error: unknown) => error as ServiceError,
    )
    ask()
    return ended
  })
  while (issued.total < 5000) await new Promise((resolve) => setImmediate(resolve))
  const stopped = service.stop('SIGTERM')
  for (const error of await Promise.all(ends)) assert.equal(error.code, status.UNAVAILABLE, error.message)
  await stopped
  issued.verify()
})

test('threads stream the audit log, page after page of the main thread', async (t) => {
  const { clients } = await world(t)
  const { path, requestSerialize, responseDeserialize } = AuditServiceService.exportAuditRecords
  const everything = { filter: undefined, pageToken: '' }
  const exported = async (client: Client): Promise<string[]> => {
    const actions: string[] = []
    const stream = client.makeServerStreamRequest(
      path,
      requestSerialize,
      responseDeserialize,
      everything,
      metadata(),
    )
    for await (const { records } of stream as AsyncIterable<ExportAuditRecordsResponse>)
      actions.push(...records.map(({ action }) => action))
    return actions
  }
  for (const client of clients) {
    // Records are written once a second (audit.flushEvery).
    let actions = await exported(client)
    for (let tries = 0; tries < 200 && !actions.includes('tag.create'); tries += 1) {
      await pause(50)
      actions = await exported(client)
    }
    assert.ok(actions.includes('tag.create'), actions.join())
  }
})
