import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { CallStatus } from './call.ts'
import { GenerateBatchRequest, GenerateRequest } from './generated/idgen/v1/id_service.ts'
import { IdRequestReader } from './id-request.ts'

const tag = fc.oneof(fc.constant('acme/shop/orders'), fc.string({ unit: 'grapheme', maxLength: 200 }))
const uint32 = fc.oneof(fc.nat({ max: 300 }), fc.integer({ min: 0, max: 2 ** 32 - 1 }))

test('what the generated codec writes is read as it was meant', () => {
  const reader = new IdRequestReader()
  fc.assert(
    fc.property(tag, uint32, fc.nat({ max: 5 }), (name, count, format) => {
      const one = GenerateRequest.encode({ tag: name }).finish()
      assert.deepEqual(reader.one(one), { tag: name, count: 1, format: 0 })
      const many = GenerateBatchRequest.encode({ tag: name, count, format: format as 0 }).finish()
      assert.deepEqual({ ...reader.many(many) }, { tag: name, count, format })
    }),
  )
})

test('any bytes are read as the generated codec reads them, or refused where it refuses them', () => {
  const reader = new IdRequestReader()
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 60 }),
    // Near to a request: fields twice, in another order, with more behind them.
    fc
      .array(
        fc.constantFrom('0a0161', '0a00', '1005', '10ff01', '1802', '180a', '2005', '22016f', '10', '0a05'),
      )
      .map((parts) => new Uint8Array(Buffer.from(parts.join(''), 'hex'))),
  )
  fc.assert(
    fc.property(bytes, (message) => {
      let expected: GenerateBatchRequest | undefined
      try {
        expected = GenerateBatchRequest.decode(Buffer.from(message))
      } catch {
        assert.throws(() => reader.many(message), CallStatus)
        return
      }
      assert.deepEqual({ ...reader.many(message) }, { ...expected })
    }),
    { numRuns: 2000 },
  )
})
