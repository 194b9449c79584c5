import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { RandomPool } from './random-pool.ts'

describe('random pool', () => {
  test('hands out every byte once, in order, and fetches a whole pool at a time', () => {
    let fetched = 0
    const pool = new RandomPool((bytes) => {
      for (let i = 0; i < bytes.length; i++) bytes[i] = fetched++
    }, 8)
    const out = new Uint8Array(6)
    pool.copy(out, 0, 3)
    pool.copy(out, 3, 6)
    assert.deepEqual([...out], [0, 1, 2, 3, 4, 5])
    assert.equal(fetched, 8)
    pool.copy(out, 0, 3)
    assert.deepEqual([...out.subarray(0, 3)], [8, 9, 10], 'the two bytes too few for it are not used')
  })

  test('after a drop nothing fetched before is given out', () => {
    let fills = 0
    const pool = new RandomPool((bytes) => bytes.fill(++fills), 8)
    const out = new Uint8Array(1)
    pool.copy(out, 0, 1)
    pool.drop()
    pool.copy(out, 0, 1)
    assert.equal(out[0], 2)
  })

  test('when the source throws, the next copy asks it again instead of using what is there', () => {
    let broken = true
    const pool = new RandomPool((bytes) => {
      if (broken) throw new Error('no entropy')
      bytes.fill(7)
    }, 8)
    const out = new Uint8Array(1)
    assert.throws(() => pool.copy(out, 0, 1), /no entropy/)
    assert.throws(() => pool.copy(out, 0, 1), /no entropy/)
    broken = false
    pool.copy(out, 0, 1)
    assert.equal(out[0], 7)
  })
})
