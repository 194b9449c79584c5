import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { status } from '@grpc/grpc-js'
import { GrpcApi, MESSAGE_LIMIT } from '../../test/fixtures/grpc-api.ts'
import { IdServiceService } from '../../test/fixtures/grpc-stubs.ts'
import { Algorithm } from './generated/idgen/v1/algorithm.ts'
import { IdFormat } from './generated/idgen/v1/id_service.ts'

const { generate, generateBatch, decode } = IdServiceService
const RUNS = IdFormat.RUNS
const TEXT = IdFormat.TEXT
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[47][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

test('one ID of every algorithm says who made it', async (t) => {
  const api = await GrpcApi.withTags(t)
  const expected = [
    ['segment', Algorithm.SEGMENT, /^1$/],
    ['snowflake', Algorithm.SNOWFLAKE, /^[1-9][0-9]{15,18}$/],
    ['uuid-v7', Algorithm.UUID_V7, UUID],
    ['uuid-v4', Algorithm.UUID_V4, UUID],
  ] as const
  for (const [name, algorithm, form] of expected) {
    const answer = await api.call(generate, { tag: `acme/shop/${name}` })
    assert.match(answer.id, form)
    assert.equal(answer.algorithm, algorithm)
    assert.equal(answer.degraded, false)
  }
})

test('IDs of one tag increase and come once, over many calls at the same time', async (t) => {
  const api = await GrpcApi.withTags(t)
  const answers = await Promise.all(
    Array.from({ length: 300 }, () => api.call(generate, { tag: 'acme/shop/segment' })),
  )
  assert.deepEqual(
    answers.map(({ id }) => Number(id)),
    Array.from({ length: 300 }, (_, i) => i + 1),
  )
})

test('a batch holds 1 and as many IDs as the limit, and refuses 0 and one more than that', async (t) => {
  const api = await GrpcApi.withTags(t)
  const { maxText, maxRuns } = api.memory.useCases.limits
  const tag = 'acme/shop/segment'
  for (const [format, max] of [
    [TEXT, maxText],
    [RUNS, maxRuns],
  ] as const) {
    for (const count of [1, max]) {
      const { runs, texts } = await api.call(generateBatch, { tag, count, format })
      const held = format === TEXT ? texts.length : runs.reduce((sum, run) => sum + run.count, 0)
      assert.equal(held, count)
    }
    for (const count of [0, max + 1, 2 ** 32 - 1]) {
      const told = await api.refuses('IDGEN_COUNT_OUT_OF_RANGE', generateBatch, { tag, count, format })
      assert.deepEqual(told.fields, ['count'])
      assert.match(told.details, new RegExp(`${count}.*1 to ${max}`))
    }
  }
})

test('runs and texts are the same numbers', async (t) => {
  const api = await GrpcApi.withTags(t)
  const tag = 'acme/shop/segment'
  const asRuns = await api.call(generateBatch, { tag, count: 2500, format: RUNS })
  const asTexts = await api.call(generateBatch, { tag, count: 2500, format: TEXT })
  const numbers = asRuns.runs.flatMap(({ first, count }) =>
    Array.from({ length: count }, (_, i) => Number(first) + i),
  )
  assert.deepEqual(
    [...numbers, ...asTexts.texts.map(Number)],
    Array.from({ length: 5000 }, (_, i) => i + 1),
  )
})

test('a UUID tag answers runs with bytes, up to the limit of texts', async (t) => {
  const api = await GrpcApi.withTags(t)
  const { maxText } = api.memory.useCases.limits
  const tag = 'acme/shop/uuid-v4'
  const { uuids, runs } = await api.call(generateBatch, { tag, count: maxText, format: RUNS })
  assert.equal(uuids.length, maxText * 16)
  assert.deepEqual(runs, [])
  await api.refuses('IDGEN_COUNT_OUT_OF_RANGE', generateBatch, { tag, count: maxText + 1, format: RUNS })
})

test('a format and a tag that do not exist are told apart', async (t) => {
  const api = await GrpcApi.withTags(t)
  const tag = 'acme/shop/segment'
  const format = 9 as IdFormat
  assert.deepEqual(
    (await api.refuses('IDGEN_REQUEST_INVALID', generateBatch, { tag, count: 1, format })).fields,
    ['format'],
  )
  await api.refuses('IDGEN_TAG_NOT_FOUND', generate, { tag: 'acme/shop/nothing' })
  for (const wrong of ['', 'acme', 'acme/shop', 'acme/shop/segment/more', 'acme/shop/SEGMENT', 'a b/c/d'])
    await api.refuses('IDGEN_NAME_INVALID', generate, { tag: wrong })
})

test('a deleted tag issues nothing more', async (t) => {
  const api = await GrpcApi.withTags(t)
  const tag = 'acme/shop/segment'
  await api.call(generate, { tag })
  const ref = { workspace: 'acme', group: 'shop', name: 'segment' }
  await api.memory.useCases.catalog.deleteTag({ actor: 'test', traceId: undefined }, ref, undefined)
  await api.refuses('IDGEN_TAG_NOT_FOUND', generate, { tag })
})

test('without a valid key nothing is issued, and the key is never told', async (t) => {
  const api = await GrpcApi.withTags(t)
  const request = { tag: 'acme/shop/segment' }
  for (const key of ['', 'nonsense', `idg_aaaaaaaaaaaa_${'A'.repeat(43)}`, 'x'.repeat(5000)]) {
    const { details } = await api.refuses('IDGEN_UNAUTHENTICATED', generate, request, { key })
    assert.ok(key === '' || !details.includes(key))
  }
  assert.equal((await api.call(generate, request)).id, '1')
})

test('what IDs were asked for first with a wrong key stands in the audit log', async (t) => {
  const api = await GrpcApi.withTags(t)
  const key = `idg_aaaaaaaaaaaa_${'A'.repeat(43)}`
  for (const tag of ['acme/shop/segment', 'acme/shop/uuid-v4'])
    await api.refuses('IDGEN_UNAUTHENTICATED', generate, { tag }, { key })
  api.memory.useCases.refusedKeys.write()
  const refusal = (await api.memory.audited()).find(({ action }) => action === 'key.refuse')
  assert.deepEqual(
    [refusal?.subject, refusal?.detail['times'], refusal?.detail['first']],
    ['aaaaaaaaaaaa', 2, { operation: '/idgen.v1.IdService/Generate', subject: 'acme/shop/segment' }],
  )
})

test('issuing needs the scope issue and a tag within reach; reading an ID needs any valid key', async (t) => {
  const api = await GrpcApi.withTags(t)
  const manager = await api.key(['manage'])
  const elsewhere = await api.key(['issue'], 'acme/other')
  const here = await api.key(['issue'], 'acme/shop/segment')
  const request = { tag: 'acme/shop/segment' }
  await api.refuses('IDGEN_FORBIDDEN', generate, request, { key: manager })
  await api.refuses('IDGEN_FORBIDDEN', generate, request, { key: elsewhere })
  // Before the tag is looked up: a key does not find out what exists elsewhere.
  await api.refuses('IDGEN_FORBIDDEN', generate, { tag: 'acme/shop/nothing' }, { key: elsewhere })
  assert.equal((await api.call(generate, request, { key: here })).id, '1')
  assert.equal((await api.call(decode, { id: '7' }, { key: elsewhere })).id, '7')
  await api.refuses('IDGEN_UNAUTHENTICATED', decode, { id: '7' }, { key: '' })
})

test('a revoked key is refused from the next call on', async (t) => {
  const api = await GrpcApi.withTags(t)
  const key = await api.key(['issue'])
  const request = { tag: 'acme/shop/segment' }
  await api.call(generate, request, { key })
  await api.memory.useCases.keys.revoke({ actor: 'test', traceId: undefined }, key.split('_')[1] ?? '')
  await api.refuses('IDGEN_UNAUTHENTICATED', generate, request, { key })
})

test('an ID says what it is', async (t) => {
  const api = await GrpcApi.withTags(t)
  const { id } = await api.call(generate, { tag: 'acme/shop/snowflake' })
  const { snowflake } = await api.call(decode, { id })
  assert.ok(snowflake?.time instanceof Date)
  assert.ok(Math.abs(snowflake.time.getTime() - api.memory.useCases.clock.nowMs()) < 10_000)
  assert.deepEqual((await api.call(decode, { id: '41' })).segment, { date: undefined })
  const uuid = await api.call(generate, { tag: 'acme/shop/uuid-v7' })
  const decoded = await api.call(decode, { id: uuid.id.toUpperCase() })
  assert.equal(decoded.id, uuid.id)
  assert.equal(decoded.uuid?.version, 7)
  for (const wrong of ['', '-1', '007', '9223372036854775808', 'nonsense'])
    await api.refuses('IDGEN_ID_MALFORMED', decode, { id: wrong })
})

test('while the store is away a call is told to come back, and when', async (t) => {
  const api = await GrpcApi.withTags(t)
  api.memory.useCases.generate.stop()
  const told = await api.refuses('IDGEN_SHUTTING_DOWN', generate, { tag: 'acme/shop/segment' })
  assert.equal(told.retryable, true)
  assert.equal(told.retryAfterMs, 1000)
})

test('a message above the limit is refused and the connection goes on', async (t) => {
  const api = await GrpcApi.withTags(t)
  await assert.rejects(api.call(generate, { tag: 'x'.repeat(MESSAGE_LIMIT) }), {
    code: status.RESOURCE_EXHAUSTED,
  })
  await api.refuses('IDGEN_NAME_INVALID', generate, { tag: 'x'.repeat(MESSAGE_LIMIT - 100) })
  assert.equal((await api.call(generate, { tag: 'acme/shop/segment' })).id, '1')
})

test('the caller’s deadline ends a call that waits', async (t) => {
  const api = await GrpcApi.withTags(t)
  // The database does not answer, and the time of the server stands still: only the caller's own deadline passes.
  api.memory.useCases.directory.resolve = () => new Promise(() => undefined)
  await assert.rejects(api.call(generate, { tag: 'acme/shop/segment' }, { deadline: Date.now() + 50 }), {
    code: status.DEADLINE_EXCEEDED,
  })
})

test('nothing is issued for a caller who went away while the tag was looked up', async (t) => {
  const api = await GrpcApi.withTags(t)
  const { directory } = api.memory.useCases
  const tag = 'acme/shop/segment'
  const gate = Promise.withResolvers<void>()
  const asked = Promise.withResolvers<void>()
  const resolve = directory.resolve.bind(directory)
  directory.resolve = async (path) => {
    asked.resolve()
    await gate.promise
    return resolve(path)
  }
  const { path, requestSerialize, responseDeserialize } = generate
  const call = api.client.makeUnaryRequest(
    path,
    requestSerialize,
    responseDeserialize,
    { tag },
    api.metadata(),
    () => undefined,
  )
  await asked.promise
  call.cancel()
  await once(call, 'status')
  // Another call on the same connection: when it is answered, the server has seen the cancellation.
  await api.call(decode, { id: '1' })
  gate.resolve()
  directory.resolve = resolve
  assert.equal((await api.call(generate, { tag })).id, '1')
})

test('every call is counted, the failed ones by code and only under tags that exist', async (t) => {
  const api = await GrpcApi.withTags(t)
  const counted: unknown[][] = []
  api.memory.useCases.ledger.count = (...args) => void counted.push(args)
  const tag = 'acme/shop/segment'
  await api.call(generate, { tag })
  await api.call(generateBatch, { tag, count: 7, format: RUNS })
  await api.refuses('IDGEN_COUNT_OUT_OF_RANGE', generateBatch, { tag, count: 0, format: RUNS })
  await api.refuses('IDGEN_TAG_NOT_FOUND', generate, { tag: 'acme/shop/nothing' })
  await api.refuses('IDGEN_UNAUTHENTICATED', generate, { tag: 'acme/shop/nothing' }, { key: '' })
  assert.deepEqual(
    counted.map(([, path, result, ids]) => [path, result, ids]),
    [
      [tag, 'ok', 1],
      [tag, 'ok', 7],
      [tag, 'IDGEN_COUNT_OUT_OF_RANGE', 0],
      ['*', 'IDGEN_TAG_NOT_FOUND', 0],
      ['*', 'IDGEN_UNAUTHENTICATED', 0],
    ],
  )
  assert.equal(counted.at(-1)?.[0], 'none')
})
