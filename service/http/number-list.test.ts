import assert from 'node:assert/strict'
import { test } from 'node:test'
import { IdBatch } from '../core/id-batch.ts'
import { numberList } from './number-list.ts'

function batchOf(...runs: readonly (readonly [bigint, number])[]): IdBatch {
  const batch = new IdBatch()
  for (const [first, count] of runs) batch.pushRun(Number(first >> 32n), Number(first & 0xffffffffn), count)
  return batch
}

function expected(...runs: readonly (readonly [bigint, number])[]): string {
  return runs
    .flatMap(([first, count]) => Array.from({ length: count }, (_, i) => `"${first + BigInt(i)}"`))
    .join(',')
}

test('numbers whose texts grow longer on the way are whole', () => {
  for (const first of [0n, 5n, 98n, 100n, 997n, 999n, 9_998n, 99_999n, 999_999n, 2n ** 53n - 3n])
    for (const count of [1, 2, 3, 1000, 1001, 2345])
      assert.equal(numberList(batchOf([first, count])), expected([first, count]), `${count} from ${first}`)
})

test('the largest numbers have all their digits', () => {
  const run = [2n ** 63n - 1500n, 1500] as const
  assert.equal(numberList(batchOf(run)), expected(run))
})

test('a list leaves nothing in the next one', () => {
  const [long, short] = [[10n ** 15n, 9_999] as const, [7n, 2] as const]
  const first = numberList(batchOf(long))
  assert.equal(numberList(batchOf(short)), '"7","8"')
  assert.equal(first, expected(long))
})

test('more than the kept bytes hold come in one list all the same', () => {
  const runs = [[2n ** 60n, 10_000] as const, [41n, 3] as const, [2n ** 61n, 5_001] as const]
  assert.equal(numberList(batchOf(...runs)), expected(...runs))
})
