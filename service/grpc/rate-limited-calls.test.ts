import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type ClientHttp2Session, connect } from 'node:http2'
import { test } from 'node:test'
import type { ServiceError } from '@grpc/grpc-js'
import { assertTold, GrpcApi } from '../../test/fixtures/grpc-api.ts'
import { CatalogServiceService, IdServiceService } from '../../test/fixtures/grpc-stubs.ts'

const TAG = 'acme/shop/segment'
const LIMIT = (name: string): Record<string, string> => ({
  IDGEN_LIMITS_PER_ADDRESS: '0',
  [`IDGEN_LIMITS_PER_${name}`]: '3',
})
const { generate, generateBatch, decode } = IdServiceService

test('calls above the limit of their address are refused with the time to wait', async (t) => {
  const api = await GrpcApi.withTags(t, { environment: LIMIT('ADDRESS') })
  await api.call(generate, { tag: TAG })
  await api.call(generateBatch, { tag: TAG, count: 1000, format: 0 })
  await api.call(decode, { id: '1' })
  const told = await api.refuses('IDGEN_RATE_LIMITED', generate, { tag: TAG })
  assert.equal(told.retryable, true)
  assert.equal(told.retryAfterMs, 334)
  assert.match(told.details, /127\.0\.0\.1 .*limits\.perAddress/)
  await api.refuses('IDGEN_RATE_LIMITED', CatalogServiceService.listWorkspaces, {
    pageSize: 10,
    pageToken: '',
  })
  assert.deepEqual({ ...api.memory.useCases.rates.refused }, { address: 2, key: 0, tag: 0, 'wrong-key': 0 })
  api.memory.clock.advance(334)
  await api.call(generate, { tag: TAG })
})

test('strangers are refused before their key is looked up', async (t) => {
  const api = await GrpcApi.withTags(t, { environment: LIMIT('ADDRESS') })
  const key = 'idg_aaaaaaaaaaaa_0000000000000000000000000000000000000000000'
  for (let i = 0; i < 3; i += 1) await api.refuses('IDGEN_UNAUTHENTICATED', generate, { tag: TAG }, { key })
  const { misses } = api.memory.useCases.authenticator
  await api.refuses('IDGEN_RATE_LIMITED', generate, { tag: TAG }, { key: key.replace('0', '1') })
  await api.refuses('IDGEN_RATE_LIMITED', decode, { id: '1' }, { key: key.replace('0', '1') })
  assert.equal(api.memory.useCases.authenticator.misses, misses)
})

test('calls above the limit of their key are refused, of another key not', async (t) => {
  const api = await GrpcApi.withTags(t, { environment: LIMIT('KEY') })
  await api.call(decode, { id: '1' })
  await api.call(generate, { tag: TAG })
  await api.call(generate, { tag: TAG })
  assert.match((await api.refuses('IDGEN_RATE_LIMITED', generate, { tag: TAG })).details, /limits\.perKey/)
  await api.refuses('IDGEN_RATE_LIMITED', decode, { id: '1' })
  await api.call(generate, { tag: TAG }, { key: await api.key(['issue']) })
})

test('calls for tags that do not exist count for the key, and each call counts once', async (t) => {
  const api = await GrpcApi.withTags(t, { environment: LIMIT('KEY') })
  await api.refuses('IDGEN_TAG_NOT_FOUND', generate, { tag: 'acme/shop/none' })
  await api.call(generate, { tag: TAG })
  await api.refuses('IDGEN_TAG_NOT_FOUND', generate, { tag: 'acme/shop/none' })
  await api.refuses('IDGEN_RATE_LIMITED', generate, { tag: 'acme/shop/none' })
})

test('calls for a tag above its limit are refused, and strangers use nothing of it up', async (t) => {
  const api = await GrpcApi.withTags(t, { environment: LIMIT('TAG') })
  const stranger = await api.key(['issue'], 'acme/other')
  await api.call(generate, { tag: TAG })
  for (let i = 0; i < 4; i += 1)
    await api.refuses('IDGEN_FORBIDDEN', generate, { tag: TAG }, { key: stranger })
  for (let i = 0; i < 2; i += 1) await api.call(generate, { tag: TAG })
  assert.match((await api.refuses('IDGEN_RATE_LIMITED', generate, { tag: TAG })).details, /limits\.perTag/)
  await api.call(generate, { tag: 'acme/shop/uuid-v7' })
})

test('each message of a stream counts, and the one above the limit ends it', async (t) => {
  const api = await GrpcApi.withTags(t, { environment: LIMIT('ADDRESS') })
  await api.call(generate, { tag: TAG })
  const stream = api.stream()
  let answers = 0
  stream.on('data', () => (answers += 1))
  const failed = Promise.race([once(stream, 'error'), once(stream, 'end')]) as Promise<[ServiceError]>
  for (let i = 0; i < 5; i += 1) stream.write({ tag: TAG, count: 10, format: 0 })
  stream.end()
  const [error] = await failed
  assert.ok(error !== undefined, 'the stream went on to its end')
  assertTold(error, 'IDGEN_RATE_LIMITED')
  assert.equal(answers, 2)
})

test('a refusal is in the audit log as a count', async (t) => {
  const api = await GrpcApi.withTags(t, { environment: LIMIT('ADDRESS') })
  for (let i = 0; i < 3; i += 1) await api.call(generate, { tag: TAG })
  for (let i = 0; i < 2; i += 1) await api.refuses('IDGEN_RATE_LIMITED', generate, { tag: TAG })
  const refused = (await api.memory.issueCounts()).filter(({ result }) => result === 'IDGEN_RATE_LIMITED')
  assert.deepEqual(
    refused.map(({ subject, detail }) => [subject, detail]),
    [[TAG, { requests: 2, ids: 0 }]],
  )
})

test('methods that do not exist, and calls without a message, count for the address', async (t) => {
  const ask = async (session: ClientHttp2Session, path: string, body?: Buffer): Promise<unknown> => {
    const stream = session.request({ ':method': 'POST', ':path': path, 'content-type': 'application/grpc' })
    stream.end(body)
    const [headers] = (await once(stream, 'response')) as [Record<string, unknown>]
    stream.resume()
    return headers['grpc-status']
  }
  for (const path of ['/idgen.v1.IdService/Nothing', '/made.up.Service/Method', generate.path]) {
    const api = await GrpcApi.withTags(t, { environment: LIMIT('ADDRESS') })
    const session = connect(`http://${api.address}`)
    const told: unknown[] = []
    for (let i = 0; i < 5; i += 1) told.push(await ask(session, path))
    session.close()
    assert.deepEqual(told, ['12', '12', '12', '8', '8'], path)
    assert.equal(api.memory.useCases.rates.refused.address, 2)
  }
})
