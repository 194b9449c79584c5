import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { MessageReader } from './message-reader.ts'
import { STATUS } from './status-code.ts'

function prefixed(message: Uint8Array, compressed = 0): Buffer {
  const head = Buffer.alloc(5)
  head[0] = compressed
  head.writeUInt32BE(message.length, 1)
  return Buffer.concat([head, message])
}

test('however a stream is cut, its messages are the same', () => {
  const messages = fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 10 })
  fc.assert(
    fc.property(messages, fc.integer({ min: 1, max: 30 }), (given, length) => {
      const bytes = Buffer.concat(given.map((message) => prefixed(message)))
      const reader = new MessageReader(50, false)
      const read: number[][] = []
      const chunk = Buffer.alloc(length)
      for (let at = 0; at < bytes.length; at += length) {
        // One buffer for all chunks, as the server has one for all reads.
        const size = bytes.copy(chunk, 0, at, at + length)
        reader.add(chunk.subarray(0, size))
        for (let next = reader.next(); next !== undefined; next = reader.next()) read.push([...next])
        reader.keep()
      }
      assert.deepEqual(
        read,
        given.map((message) => [...message]),
      )
      assert.equal(reader.unread, 0)
    }),
  )
})

test('a message that comes byte by byte is not copied for each byte', (t) => {
  const { mock } = t.mock.method(Buffer, 'allocUnsafe')
  const message = prefixed(Buffer.alloc(30_000, 'x'))
  const reader = new MessageReader(30_000, false)
  for (let at = 0; at < message.length; at += 1) {
    assert.equal(reader.next(), undefined)
    reader.add(message.subarray(at, at + 1))
    reader.keep()
  }
  assert.equal(reader.next()?.length, 30_000)
  assert.ok(mock.callCount() < 20, `${mock.callCount()} copies`)
})

test('a message above the limit is refused as soon as its length is known', () => {
  const reader = new MessageReader(10, false)
  reader.add(prefixed(Buffer.alloc(11)).subarray(0, 5))
  assert.throws(() => reader.checkOnly(), { code: STATUS.RESOURCE_EXHAUSTED })
  assert.throws(() => reader.next(), { code: STATUS.RESOURCE_EXHAUSTED })
})

test('compressed messages are read where the head says how, and up to the limit', () => {
  const reader = new MessageReader(1000, true)
  reader.add(prefixed(gzipSync(Buffer.alloc(1000, 'x')), 1))
  assert.equal(String(reader.next()), 'x'.repeat(1000))
  reader.add(prefixed(gzipSync(Buffer.alloc(1_000_000)), 1))
  assert.throws(() => reader.next(), { code: STATUS.RESOURCE_EXHAUSTED })
  const broken = new MessageReader(1000, true)
  broken.add(prefixed(Buffer.from('no gzip'), 1))
  assert.throws(() => broken.next(), { code: STATUS.INTERNAL })
  const unsaid = new MessageReader(1000, false)
  unsaid.add(prefixed(gzipSync('x'), 1))
  assert.throws(() => unsaid.next(), { code: STATUS.INTERNAL })
})

test('a stranger has no large message made of a small one', () => {
  const reader = new MessageReader(1_048_576, true)
  const dense = gzipSync(Buffer.alloc(1_000_000))
  assert.ok(dense.length < 2000)
  reader.add(prefixed(dense, 1))
  assert.throws(() => reader.next(), { code: STATUS.RESOURCE_EXHAUSTED, message: /32 times/ })
  const small = new MessageReader(1_048_576, true)
  small.add(prefixed(gzipSync(Buffer.alloc(16_384)), 1))
  assert.equal(small.next()?.length, 16_384)
})
