import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { HpackDecoder } from './hpack-decoder.ts'
import { encodeFields } from './hpack-encoder.ts'
import { HpackError } from './hpack-error.ts'

const LIMITS = { tableMax: 4096, listMax: 16_384 }

/** Space and line breaks as in the RFC. */
function hex(text: string): Buffer {
  return Buffer.from(text.replaceAll(/\s/g, ''), 'hex')
}

function decoded(decoder: HpackDecoder, block: Uint8Array): string[] {
  const fields: string[] = []
  decoder.decode(block, 0, block.length, (name, value) => fields.push(`${name}: ${value}`))
  return fields
}

/** RFC 7541 Appendix C.3 and C.4: three requests on one connection, plain and with the Huffman code. */
const REQUESTS = {
  plain: [
    '8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d',
    '8286 84be 5808 6e6f 2d63 6163 6865',
    '8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65',
  ],
  huffman: [
    '8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff',
    '8286 84be 5886 a8eb 1064 9cbf',
    '8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf',
  ],
}

for (const [how, blocks] of Object.entries(REQUESTS))
  test(`the requests of RFC 7541 Appendix C, ${how}`, () => {
    const decoder = new HpackDecoder(LIMITS)
    const [first, second, third] = blocks.map((block) => decoded(decoder, hex(block)))
    const begin = [':method: GET', ':scheme: http', ':path: /', ':authority: www.example.com']
    assert.deepEqual(first, begin)
    assert.deepEqual(second, [...begin, 'cache-control: no-cache'])
    assert.deepEqual(third, [
      ':method: GET',
      ':scheme: https',
      ':path: /index.html',
      ':authority: www.example.com',
      'custom-key: custom-value',
    ])
  })

/** RFC 7541 Appendix C.6: a table of 256 bytes, from which entries are evicted. */
test('the responses of RFC 7541 Appendix C evict entries from a small table', () => {
  const decoder = new HpackDecoder({ tableMax: 256, listMax: 4096 })
  const blocks = [
    `4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7
     8f0b 97c8 e9ae 82ae 43d3`,
    '4883 640e ffc1 c0bf',
    `88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7 b335
     dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07`,
  ]
  const [first, second, third] = blocks.map((block) => decoded(decoder, hex(block)))
  assert.deepEqual(first, [
    ':status: 302',
    'cache-control: private',
    'date: Mon, 21 Oct 2013 20:13:21 GMT',
    'location: https://www.example.com',
  ])
  assert.equal(second?.[0], ':status: 307')
  assert.deepEqual(third?.slice(-2), [
    'content-encoding: gzip',
    'set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1',
  ])
})

test('what the encoder writes is read back, and changes no table', () => {
  const text = fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((byte) => String.fromCharCode(byte)) })
  fc.assert(
    fc.property(fc.array(fc.tuple(text, text), { maxLength: 20 }), (fields) => {
      const decoder = new HpackDecoder(LIMITS)
      const read = decoded(decoder, encodeFields(fields))
      assert.deepEqual(
        read,
        fields.map(([name, value]) => `${name}: ${value}`),
      )
      assert.equal(decoder.revision, 0)
    }),
  )
})

test('the revision changes with the table only', () => {
  const decoder = new HpackDecoder(LIMITS)
  decoded(decoder, hex('82'))
  assert.equal(decoder.revision, 0)
  decoded(decoder, hex('400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572'))
  assert.equal(decoder.revision, 1)
  assert.deepEqual(decoded(decoder, hex('be')), ['custom-key: custom-header'])
  assert.equal(decoder.revision, 1)
  decoded(decoder, hex('20'))
  assert.throws(() => decoded(decoder, hex('be')), HpackError)
})

for (const [what, block] of Object.entries({
  'index 0': '80',
  'an entry that is not there': 'be',
  'a number without end': 'ffffffffffffffff01',
  'a number that is cut off': 'ff80',
  'a text that is cut off': '400a 6375',
  'a table above the limit': '3fe2 1f',
  'a table size within a block': '8220',
  'three table sizes': '202020',
  'padding of zeros': '0001 6181 00',
  'eight bits of padding': '0001 6182 1fff',
  'the end-of-string code': '0001 6184 ffff fffc',
}))
  test(`${what} is refused`, () => {
    assert.throws(() => decoded(new HpackDecoder(LIMITS), hex(block)), HpackError)
  })

test('a list above the limit is read to its end and told as far as the limit', () => {
  const decoder = new HpackDecoder({ tableMax: 4096, listMax: 100 })
  const told: string[] = []
  const block = encodeFields([
    ['a', 'x'.repeat(50)],
    ['b', 'x'.repeat(50)],
  ])
  assert.equal(
    decoder.decode(block, 0, block.length, (name) => told.push(name)),
    false,
  )
  assert.deepEqual(told, ['a'])
})

test('a block whose bytes each stand for a large entry ends early', () => {
  const decoder = new HpackDecoder(LIMITS)
  const large = Buffer.concat([hex('40 01 61 7f a0 1e'), Buffer.alloc(3999, 'x')])
  assert.equal(decoded(decoder, large).length, 1)
  const bomb = Buffer.alloc(16_000, 0xbe)
  let told = 0
  assert.throws(() => decoder.decode(bomb, 0, bomb.length, () => (told += 1)), HpackError)
  assert.ok(told < 10)
})

test('random bytes are read or refused, never anything else', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      try {
        decoded(new HpackDecoder(LIMITS), bytes)
      } catch (error) {
        assert.ok(error instanceof HpackError)
      }
    }),
    { numRuns: 2000 },
  )
})
