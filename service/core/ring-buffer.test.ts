import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { RingBuffer } from './ring-buffer.ts'

describe('ring buffer (R-2.1.1)', () => {
  test('gives slots back in the order they came, whole', () => {
    const ring = RingBuffer.create({ slots: 4, slotWords: 2 })
    assert.equal(ring.push(Uint32Array.of(1, 2, 3, 4, 0xffff_ffff, 6), 3), 3)
    const out = new Uint32Array(4)
    assert.equal(ring.pop(out, 2), 2)
    assert.deepEqual([...out], [1, 2, 3, 4])
    assert.equal(ring.pop(out), 1)
    assert.deepEqual([...out.subarray(0, 2)], [0xffff_ffff, 6])
    assert.equal(ring.pop(out), 0)
  })

  test('all slots can be filled, one more does not fit, and the wrap keeps the order', () => {
    const ring = RingBuffer.create({ slots: 4, slotWords: 1 })
    const out = new Uint32Array(4)
    ring.push(Uint32Array.of(0, 1, 2), 3)
    ring.pop(out, 3)
    assert.equal(ring.push(Uint32Array.of(3, 4, 5, 6, 7), 5), 4)
    assert.equal(ring.push(Uint32Array.of(8)), 0)
    assert.equal(ring.size, 4)
    assert.equal(ring.pop(out, 4), 4)
    assert.deepEqual([...out], [3, 4, 5, 6])
  })

  test('a ring of one slot works', () => {
    const ring = RingBuffer.create({ slots: 1, slotWords: 1 })
    const out = new Uint32Array(1)
    for (let i = 0; i < 3; i++) {
      assert.equal(ring.push(Uint32Array.of(i)), 1)
      assert.equal(ring.push(Uint32Array.of(99)), 0)
      assert.equal(ring.pop(out), 1)
      assert.equal(out[0], i)
    }
  })

  test('positions wrap at 2^31 and at 2^32 without losing or repeating a slot', () => {
    for (const start of [2 ** 31 - 3, 2 ** 32 - 3]) {
      const made = RingBuffer.create({ slots: 8, slotWords: 1 })
      const header = new Int32Array(made.shared)
      header[16] = start | 0
      header[32] = start | 0
      const ring = RingBuffer.attach(made.shared)
      const out = new Uint32Array(8)
      let next = 0
      for (let round = 0; round < 4; round++) {
        assert.equal(ring.push(Uint32Array.of(round * 3, round * 3 + 1, round * 3 + 2), 3), 3)
        assert.equal(ring.size, 3)
        assert.equal(ring.pop(out, 8), 3)
        for (let i = 0; i < 3; i++) assert.equal(out[i], next++)
      }
      assert.equal(ring.push(new Uint32Array(9), 9), 8)
    }
  })
})

describe('ring buffer: refill, statistics, memory', () => {
  test('asks for a refill from its threshold downwards, half by default', () => {
    const ring = RingBuffer.create({ slots: 8, slotWords: 1 })
    assert.equal(ring.needsRefill(), true)
    ring.push(new Uint32Array(5), 5)
    assert.equal(ring.needsRefill(), false)
    ring.pop(new Uint32Array(1))
    assert.equal(ring.needsRefill(), true)
    const early = RingBuffer.create({ slots: 8, slotWords: 1, refillAt: 0 })
    early.push(new Uint32Array(1))
    assert.equal(early.needsRefill(), false)
  })

  test('counts hits, misses and fills', () => {
    const ring = RingBuffer.create({ slots: 8, slotWords: 1 })
    ring.push(new Uint32Array(3), 3)
    ring.push(new Uint32Array(2), 2)
    ring.pop(new Uint32Array(8), 8)
    ring.pop(new Uint32Array(1))
    assert.deepEqual(ring.stats(), { hits: 5, misses: 4, fills: 2 })
  })

  test('a second object on the same memory sees what the first one pushed', () => {
    const ring = RingBuffer.create({ slots: 8, slotWords: 4, refillAt: 2 })
    ring.push(Uint32Array.of(1, 2, 3, 4))
    const other = RingBuffer.attach(ring.shared)
    assert.equal(other.capacity, 8)
    assert.equal(other.slotWords, 4)
    const out = new Uint32Array(4)
    assert.equal(other.pop(out), 1)
    assert.deepEqual([...out], [1, 2, 3, 4])
    assert.equal(ring.size, 0)
  })

  test('clear throws away what is filled', () => {
    const ring = RingBuffer.create({ slots: 8, slotWords: 1 })
    ring.push(new Uint32Array(3), 3)
    assert.equal(ring.clear(), 3)
    assert.equal(ring.pop(new Uint32Array(1)), 0)
    assert.equal(ring.push(new Uint32Array(8), 8), 8)
  })

  test('a million UUIDs take less than 20 MB', () => {
    const ring = RingBuffer.create({ slots: 2 ** 20, slotWords: 4 })
    assert.ok(ring.shared.byteLength < 20_000_000)
    assert.equal(ring.shared.byteLength, 2 ** 20 * 16 + 256)
  })

  for (const options of [
    { slots: 3, slotWords: 1 },
    { slots: 0, slotWords: 1 },
    { slots: 2 ** 25, slotWords: 1 },
    { slots: 4, slotWords: 0 },
    { slots: 4, slotWords: 17 },
    { slots: 4, slotWords: 1, refillAt: 4 },
    { slots: 4, slotWords: 1, refillAt: -1 },
  ])
    test(`${JSON.stringify(options)} breaks an invariant`, () => {
      assert.throws(() => RingBuffer.create(options), /invariant broken/)
    })

  test('memory that holds no ring is refused', () => {
    assert.throws(() => RingBuffer.attach(new SharedArrayBuffer(1024)), /holds a ring buffer/)
  })
})
