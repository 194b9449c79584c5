import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { batchNumbers } from '../../test/fixtures/batch-numbers.ts'
import { IdBatch } from './id-batch.ts'

describe('ID batch', () => {
  test('it keeps runs in order and grows as needed', () => {
    const batch = new IdBatch()
    for (let i = 0; i < 100; i++) batch.pushRun(i, 0xffff_fffe, 3)
    assert.equal(batch.runCount, 100)
    assert.equal(batch.count, 300)
    assert.equal(batch.uuidCount, 0)
    const numbers = batchNumbers(batch)
    assert.deepEqual(numbers.slice(0, 3), [2n ** 32n - 2n, 2n ** 32n - 1n, 2n ** 32n])
    assert.equal(numbers.at(-1), (99n << 32n) + 2n ** 32n)
  })

  test('a run that is not there reads as zeros', () => {
    const batch = new IdBatch()
    assert.deepEqual([batch.runHi(9), batch.runLo(9), batch.runLength(9)], [0, 0, 0])
  })

  test('UUIDs written in two reservations lie one after the other', () => {
    const batch = new IdBatch()
    batch.reserveUuids(2).fill(1)
    batch.reserveUuids(1).fill(2)
    assert.equal(batch.count, 3)
    assert.deepEqual([...batch.uuidBytes()], [...Array<number>(32).fill(1), ...Array<number>(16).fill(2)])
  })

  test('numbers and UUIDs never mix, until it was cleared', () => {
    const batch = new IdBatch()
    batch.pushRun(0, 1, 1)
    assert.throws(() => batch.reserveUuids(1), /not both/)
    batch.clear()
    assert.equal(batch.count, 0)
    batch.reserveUuids(1)
    assert.throws(() => batch.pushRun(0, 1, 1), /not both/)
  })
})
