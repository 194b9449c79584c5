import assert from 'node:assert/strict'
import { webcrypto } from 'node:crypto'
import { describe, test } from 'node:test'
import { validate, version } from 'uuid'
import { IdBatch } from './id-batch.ts'
import { UuidPool } from './uuid-pool.ts'
import { uuidText } from './uuid-text.ts'
import { UuidV4 } from './uuid-v4.ts'

describe('UUID v4', () => {
  test('every one is valid by RFC 9562 and none comes twice, from the ring or made on the spot', () => {
    const uuid = new UuidV4(random, new UuidPool(random, 64))
    uuid.pool.refill()
    const ids = take(uuid, 1000)
    assert.equal(new Set(ids).size, 1000)
    assert.ok(ids.every((text) => validate(text) && version(text) === 4))
    assert.deepEqual(uuid.pool.stats(), { hits: 64, misses: 936, fills: 64 })
    assert.deepEqual(uuid.stats(), { issued: 1000, granted: 0 })
    assert.equal(uuid.fault(), undefined)
    assert.deepEqual(uuid.shortage(), { kind: 'wait', ms: 1 })
  })

  test('the pool asks for a refill from half downwards, fills in bounded steps and never too much', () => {
    const pool = new UuidPool(random, 64)
    assert.equal(pool.needsRefill(), true)
    assert.equal(pool.refill(40), 40)
    assert.equal(pool.needsRefill(), false)
    assert.equal(pool.refill(40), 24)
    assert.equal(pool.refill(40), 0)
    pool.take(32, new Uint8Array(32 * 16))
    assert.equal(pool.needsRefill(), true)
  })

  test('after a dropped pool no UUID made before is handed out', () => {
    let fills = 0
    const uuid = new UuidV4((bytes) => bytes.fill(++fills), undefined)
    uuid.pool.refill(8)
    uuid.dropPool()
    const [text = ''] = take(uuid, 1)
    assert.ok(text.startsWith('02020202'), text)
  })

  test('count 0 takes nothing', () => {
    assert.deepEqual(take(new UuidV4(random), 0), [])
  })
})

function random(bytes: Uint8Array): void {
  webcrypto.getRandomValues(bytes)
}

function take(uuid: UuidV4, count: number): string[] {
  const batch = new IdBatch()
  assert.equal(uuid.take(count, 0, batch), count)
  return Array.from({ length: count }, (_, i) => uuidText(batch.uuidBytes(), i * 16))
}
