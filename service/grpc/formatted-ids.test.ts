import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GrpcApi } from '../../test/fixtures/grpc-api.ts'
import { CatalogServiceService, IdServiceService } from '../../test/fixtures/grpc-stubs.ts'
import { Algorithm } from './generated/idgen/v1/algorithm.ts'
import { IdFormat } from './generated/idgen/v1/id_service.ts'

const { generate, generateBatch, decode } = IdServiceService
const { createTag, getTag } = CatalogServiceService
const TAG = 'acme/shop/order'
const FORMAT = { prefix: 'ORD-', width: 19, suffix: '/0123456789abcde', check: 'luhn' }

function newTag(format: object) {
  return {
    tag: TAG,
    displayName: '',
    algorithm: Algorithm.UNSPECIFIED,
    chain: [],
    step: undefined,
    space: { format },
  }
}

test('texts in a format come over gRPC whatever form of a batch was asked for', async (t) => {
  const api = await GrpcApi.withTags(t)
  await api.call(createTag, newTag(FORMAT))
  const one = await api.call(generate, { tag: TAG })
  assert.equal(one.id, 'ORD-00000000000000000018/0123456789abcde')
  const seen = [one.id]
  for (const format of [IdFormat.TEXT, IdFormat.RUNS, IdFormat.NUMBERS]) {
    const { texts, runs, numbers } = await api.call(generateBatch, { tag: TAG, count: 500, format })
    assert.deepEqual([texts.length, runs.length, numbers.length], [500, 0, 0])
    seen.push(...texts)
  }
  assert.equal(new Set(seen).size, 1501)
  const decoded = await api.call(decode, { id: seen[700] ?? '', tag: TAG })
  assert.equal(decoded.id, '701')
  const { maxText } = api.memory.useCases.limits
  const tooMany = { tag: TAG, count: maxText + 1, format: IdFormat.RUNS }
  await api.refuses('IDGEN_COUNT_OUT_OF_RANGE', generateBatch, tooMany)
})

test('a format is made and shown over gRPC, and its faults are told', async (t) => {
  const api = await GrpcApi.withTags(t)
  const told = await api.refuses('IDGEN_REQUEST_INVALID', createTag, newTag({ radix: 7 }))
  assert.match(told.details, /radix must be one of 10, 36, 62, not 7/)
  await api.call(createTag, newTag({ reset: 'day', width: 6, utcOffsetMinutes: -60 }))
  const { tag } = await api.call(getTag, { tag: TAG })
  assert.deepEqual(JSON.parse(JSON.stringify(tag?.space?.format)), {
    width: 6,
    reset: 'day',
    utcOffsetMinutes: -60,
  })
  const { id } = await api.call(generate, { tag: TAG })
  const decoded = await api.call(decode, { id, tag: TAG })
  assert.equal(decoded.segment?.date, id.slice(0, 8))
})

test('a layout of its own is made by name or by widths, shown by widths, and its IDs stay numbers', async (t) => {
  const api = await GrpcApi.withTags(t)
  const both = { snowflake: { name: '53-bit', timeBits: 40 } }
  const told = await api.refuses('IDGEN_REQUEST_INVALID', createTag, newTag(both))
  assert.match(told.details, /has the field name, which no layout has/)
  await api.call(createTag, newTag({ snowflake: { name: '53-bit' } }))
  const { tag } = await api.call(getTag, { tag: TAG })
  const layout = {
    epochMs: '1704067200000',
    unitMs: 10,
    timeBits: 38,
    dcBits: 3,
    workerBits: 8,
    sequenceBits: 4,
  }
  assert.deepEqual(JSON.parse(JSON.stringify(tag?.space?.format)), { snowflake: layout })
  const { numbers } = await api.call(generateBatch, { tag: TAG, count: 50, format: IdFormat.NUMBERS })
  assert.equal(new Set(numbers).size, 50)
  for (const number of numbers) assert.ok(Number.isSafeInteger(Number(number)))
  const decoded = await api.call(decode, { id: String(numbers[0]), tag: TAG })
  assert.equal(decoded.snowflake?.dc, 0)
  const widths = { ...newTag({ snowflake: { timeBits: 40, sequenceBits: 8 } }), tag: 'acme/shop/wide' }
  await api.call(createTag, widths)
})
