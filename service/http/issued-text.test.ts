import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { IdBatch } from '../core/id-batch.ts'
import { type IssueForm, issuedJson } from './issued-text.ts'

interface Answer {
  readonly ids?: unknown[]
  readonly runs?: [string, number][]
  readonly algorithm: string
  readonly degraded: boolean
}

function answer(batch: IdBatch, form: IssueForm): Answer {
  return JSON.parse(issuedJson(batch, form)) as Answer
}

test('one number of up to 63 bits is one decimal string', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }), (id) => {
      const batch = new IdBatch()
      batch.pushRun(Number(id >> 32n), Number(id & 0xffffffffn), 1)
      assert.deepEqual(answer(batch, 'text').ids, [String(id)])
    }),
  )
})

test('runs print as every number they hold, in order, as text and as pairs', () => {
  const run = fc.record({
    first: fc.bigInt({ min: 0n, max: 2n ** 62n }),
    count: fc.integer({ min: 1, max: 2500 }),
  })
  fc.assert(
    fc.property(fc.array(run, { minLength: 1, maxLength: 4 }), (runs) => {
      const batch = new IdBatch()
      for (const { first, count } of runs)
        batch.pushRun(Number(first >> 32n), Number(first & 0xffffffffn), count)
      const all = runs.flatMap(({ first, count }) =>
        Array.from({ length: count }, (_, i) => String(first + BigInt(i))),
      )
      assert.deepEqual(answer(batch, 'text').ids, all)
      assert.deepEqual(
        answer(batch, 'runs').runs,
        runs.map(({ first, count }) => [String(first), count]),
      )
    }),
    { numRuns: 50 },
  )
})

test('numbers below 2^53 print as exact JSON numbers', () => {
  const batch = new IdBatch()
  batch.pushRun(2 ** 21 - 1, 2 ** 32 - 2, 2)
  batch.pushRun(0, 7, 1)
  assert.deepEqual(answer(batch, 'number').ids, [Number.MAX_SAFE_INTEGER - 1, Number.MAX_SAFE_INTEGER, 7])
})

test('UUIDs print in their standard form, one or many', () => {
  const batch = new IdBatch()
  batch.reserveUuids(1).fill(0xab)
  assert.deepEqual(answer(batch, 'text').ids, ['abababab-abab-abab-abab-abababababab'])
  batch.reserveUuids(1).fill(1)
  assert.deepEqual(answer(batch, 'text').ids, [
    'abababab-abab-abab-abab-abababababab',
    '01010101-0101-0101-0101-010101010101',
  ])
})

test('an answer names its algorithm and whether that is a substitute', () => {
  const batch = new IdBatch()
  batch.pushRun(0, 1, 1)
  batch.algorithm = 'snowflake'
  batch.degraded = true
  assert.deepEqual(answer(batch, 'text'), { ids: ['1'], algorithm: 'snowflake', degraded: true })
})
