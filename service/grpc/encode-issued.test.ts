import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ALGORITHMS, type AlgorithmName } from '../core/algorithm.ts'
import { IdBatch } from '../core/id-batch.ts'
import { ALGORITHM_ENUM } from './algorithm-enum.ts'
import { encodeBatchResponse, encodeGenerateResponse } from './encode-issued.ts'
import {
  GenerateBatchResponse,
  GenerateResponse,
  GenerateStreamResponse,
} from './generated/idgen/v1/id_service.ts'

const runs = fc.array(
  fc.record({
    // hi < 2^31: an ID is a positive int64. Edges come up by themselves: fast-check favours them.
    hi: fc.nat({ max: 2 ** 31 - 2 }),
    lo: fc.nat({ max: 2 ** 32 - 1 }),
    count: fc.oneof(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 2 ** 32 - 1 })),
  }),
  { minLength: 1, maxLength: 20 },
)

test('runs read back by the generated codec are the runs of the batch', () => {
  fc.assert(
    fc.property(runs, fc.constantFrom(...ALGORITHMS), fc.boolean(), (given, algorithm, degraded) => {
      const batch = filled(given, algorithm, degraded)
      const bytes = encodeBatchResponse({ batch, format: 'runs' })
      const expected = {
        runs: given.map(({ hi, lo, count }) => ({ first: number(hi, lo).toString(), count })),
        texts: [],
        uuids: Buffer.alloc(0),
        numbers: [],
        algorithm: ALGORITHM_ENUM[algorithm],
        degraded,
      }
      assert.deepEqual(GenerateBatchResponse.decode(bytes), expected)
      assert.deepEqual(GenerateStreamResponse.decode(bytes), expected)
    }),
  )
})

test('the bytes are those that the generated codec writes', () => {
  fc.assert(
    fc.property(runs, fc.constantFrom(...ALGORITHMS), fc.boolean(), (given, algorithm, degraded) => {
      const bytes = encodeBatchResponse({ batch: filled(given, algorithm, degraded), format: 'runs' })
      const again = GenerateBatchResponse.encode(GenerateBatchResponse.decode(bytes)).finish()
      assert.deepEqual([...bytes], [...again])
    }),
  )
})

test('a run that starts at 0 has the bytes of the generated codec too', () => {
  const bytes = encodeBatchResponse({
    batch: filled([{ hi: 0, lo: 0, count: 7 }], 'segment', false),
    format: 'runs',
  })
  const decoded = GenerateBatchResponse.decode(bytes)
  assert.deepEqual(decoded.runs, [{ first: '0', count: 7 }])
  assert.deepEqual([...bytes], [...GenerateBatchResponse.encode(decoded).finish()])
})

test('as numbers every number of every run is there, one by one', () => {
  fc.assert(
    fc.property(runs, (given) => {
      const short = given.map(({ hi, lo, count }) => ({ hi, lo, count: count % 50 || 1 }))
      const bytes = encodeBatchResponse({ batch: filled(short, 'segment', false), format: 'numbers' })
      const decoded = GenerateBatchResponse.decode(bytes)
      const expected = short.flatMap(({ hi, lo, count }) =>
        Array.from({ length: count }, (_, i) => (number(hi, lo) + BigInt(i)).toString()),
      )
      assert.deepEqual(decoded.numbers, expected)
    }),
  )
})

test('as text every number of every run appears once, in order', () => {
  const batch = filled(
    [
      { hi: 0, lo: 0, count: 3 },
      { hi: 0, lo: 2 ** 32 - 1, count: 2 },
      { hi: 2 ** 31 - 1, lo: 2 ** 32 - 2, count: 2 },
    ],
    'segment',
    false,
  )
  const { texts, runs: none } = GenerateBatchResponse.decode(encodeBatchResponse({ batch, format: 'text' }))
  assert.deepEqual(none, [])
  assert.deepEqual(texts, [
    '0',
    '1',
    '2',
    '4294967295',
    '4294967296',
    '9223372036854775806',
    '9223372036854775807',
  ])
})

test('UUIDs are 16 bytes each as runs and lower-case text as text', () => {
  const batch = new IdBatch()
  batch.algorithm = 'uuid-v7'
  batch.reserveUuids(2).set(Array.from({ length: 32 }, (_, i) => i * 8))
  const compact = GenerateBatchResponse.decode(encodeBatchResponse({ batch, format: 'runs' }))
  assert.deepEqual(
    [...compact.uuids],
    Array.from({ length: 32 }, (_, i) => i * 8),
  )
  assert.deepEqual(compact.texts, [])
  const { texts, uuids } = GenerateBatchResponse.decode(encodeBatchResponse({ batch, format: 'text' }))
  assert.equal(uuids.length, 0)
  assert.deepEqual(texts, ['00081018-2028-3038-4048-505860687078', '80889098-a0a8-b0b8-c0c8-d0d8e0e8f0f8'])
})

test('one ID names its algorithm and whether it is degraded', () => {
  const batch = filled([{ hi: 2 ** 31 - 1, lo: 2 ** 32 - 1, count: 1 }], 'snowflake', true)
  assert.deepEqual(GenerateResponse.decode(encodeGenerateResponse({ batch })), {
    id: '9223372036854775807',
    algorithm: ALGORITHM_ENUM.snowflake,
    degraded: true,
  })
})

function filled(
  given: readonly { hi: number; lo: number; count: number }[],
  algorithm: AlgorithmName,
  degraded: boolean,
): IdBatch {
  const batch = new IdBatch()
  for (const { hi, lo, count } of given) batch.pushRun(hi, lo, count)
  batch.algorithm = algorithm
  batch.degraded = degraded
  return batch
}

function number(hi: number, lo: number): bigint {
  return (BigInt(hi) << 32n) | BigInt(lo)
}
