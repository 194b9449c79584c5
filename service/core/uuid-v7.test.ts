import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { validate, version } from 'uuid'
import { IdBatch } from './id-batch.ts'
import { decodeUuid, uuidText } from './uuid-text.ts'
import { UuidV7 } from './uuid-v7.ts'

const T = Date.UTC(2026, 5, 1)

describe('UUID v7', () => {
  test('it is valid by RFC 9562 and carries the time it was given', () => {
    const [text = ''] = take(new UuidV7(bytesOf(0xa5)), 1, T)
    assert.ok(validate(text))
    assert.equal(version(text), 7)
    assert.deepEqual(decodeUuid(text), { version: 7, timeMs: T })
  })

  test('count 0 takes nothing, and a count is never short', () => {
    const uuid = new UuidV7(counting())
    assert.deepEqual(take(uuid, 0, T), [])
    assert.equal(take(uuid, 5000, T).length, 5000)
    assert.deepEqual(uuid.stats(), { issued: 5000, granted: 0 })
    assert.equal(uuid.fault(), undefined)
    assert.deepEqual(uuid.shortage(), { kind: 'wait', ms: 1 })
  })

  test('the counter starts with a clear top bit, so that it has room', () => {
    const [text = ''] = take(new UuidV7(bytesOf(0xff)), 1, T)
    assert.equal(text.slice(14, 16), '77', 'version 7, then the counter 0x7…')
  })

  for (const back of [0, 1, 5, 1000, 86_400_000])
    test(`a clock ${back} ms back keeps the last millisecond and counts on`, () => {
      const uuid = new UuidV7(counting())
      const ids = [...take(uuid, 3, T), ...take(uuid, 3, T - back), ...take(uuid, 1, T + 1)]
      assertAscending(ids)
      assert.equal(decodeUuid(ids[5] ?? '')?.timeMs, T)
      assert.equal(decodeUuid(ids[6] ?? '')?.timeMs, T + 1)
    })

  test('trap 24: when the counter overflows the millisecond moves once, not with every ID (CPython #138862)', () => {
    const uuid = new UuidV7(counting())
    const before = take(uuid, 1, T)
    // A dropped pool leaves a full counter, which is what 2^31 IDs in a millisecond would.
    uuid.dropPool()
    const after = take(uuid, 1000, T)
    assertAscending([...before, ...after])
    assert.deepEqual(new Set(after.map((text) => decodeUuid(text)?.timeMs)), new Set([T + 1]))
  })

  test('fractions of a millisecond do not break the order', () => {
    const uuid = new UuidV7(counting())
    assertAscending([T, T + 0.1, T + 0.5, T + 0.9, T + 1].flatMap((now) => take(uuid, 2, now)))
  })

  test('trap 18: after a dropped pool a copy of the process draws other randomness', () => {
    let fills = 0
    const uuid = new UuidV7((bytes) => bytes.fill(++fills))
    const [before = ''] = take(uuid, 1, T)
    uuid.dropPool()
    const [after = ''] = take(uuid, 1, T)
    assert.equal(before.slice(-10), '0101010101')
    assert.equal(after.slice(-10), '0202020202')
  })
})

function take(uuid: UuidV7, count: number, nowMs: number): string[] {
  const batch = new IdBatch()
  assert.equal(uuid.take(count, nowMs, batch), count)
  const bytes = batch.uuidBytes()
  return Array.from({ length: count }, (_, i) => uuidText(bytes, i * 16))
}

function assertAscending(ids: string[]): void {
  for (let i = 1; i < ids.length; i++)
    assert.ok((ids[i - 1] ?? '') < (ids[i] ?? ''), `${ids[i - 1]} ${ids[i]}`)
}

function bytesOf(value: number): (bytes: Uint8Array) => void {
  return (bytes) => void bytes.fill(value)
}

/** A poor source on purpose: order and form must not depend on good randomness. */
function counting(): (bytes: Uint8Array) => void {
  let next = 0
  return (bytes) => {
    for (let i = 0; i < bytes.length; i++) bytes[i] = (next += 97) & 0xff
  }
}
