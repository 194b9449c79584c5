import assert from 'node:assert/strict'
import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { test } from 'node:test'
import fc from 'fast-check'
import { UNKNOWN_DC } from '../app/dc-traffic.ts'
import { ConnectionDigests } from './connection-digests.ts'
import { KnownHeads } from './known-heads.ts'

/** What KnownHeads looks at of a request with these names and values. */
function requestOn(socket: Socket, raw: readonly string[]): IncomingMessage {
  const headers: Record<string, string> = {}
  for (let i = 0; i < raw.length; i += 2) headers[(raw[i] ?? '').toLowerCase()] ??= raw[i + 1] ?? ''
  return Object.assign(new IncomingMessage(socket), { rawHeaders: [...raw], headers })
}

const KEY = [
  'Host',
  'a',
  'Authorization',
  'Bearer one',
  'Content-Type',
  'application/json',
  'Content-Length',
  '11',
]

test('what a head says', () => {
  const heads = new KnownHeads(new ConnectionDigests())
  const { headers: _, digest, ...said } = heads.of(requestOn(new Socket(), [...KEY, 'Idgen-Client-Dc', '3']))
  assert.deepEqual(said, { isPlain: true, bodyLength: '11', hasType: true, keyText: 'one', clientDc: 3 })
  assert.equal(typeof digest, 'string')
  const none = heads.of(requestOn(new Socket(), ['Host', 'a', 'Content-Length', '0']))
  assert.deepEqual(
    [none.isPlain, none.bodyLength, none.hasType, none.keyText, none.digest, none.clientDc],
    [true, undefined, false, undefined, undefined, UNKNOWN_DC],
  )
})

for (const field of [
  ['Transfer-Encoding', 'chunked'],
  ['Content-Encoding', 'gzip'],
  ['Expect', '100-continue'],
  ['Content-Type', 'text/plain'],
])
  test(`${field[0]}: ${field[1]} is for the router`, () => {
    assert.equal(new KnownHeads(new ConnectionDigests()).of(requestOn(new Socket(), field)).isPlain, false)
  })

test('the same head on the same connection is read once', () => {
  const heads = new KnownHeads(new ConnectionDigests())
  const socket = new Socket()
  const first = heads.of(requestOn(socket, KEY))
  assert.equal(heads.of(requestOn(socket, KEY)), first)
  assert.notEqual(heads.of(requestOn(new Socket(), KEY)), first)
})

test('a head that differs anywhere is read anew: nobody asks with the key of the request before', () => {
  const field = fc.tuple(
    fc.constantFrom('Authorization', 'X-API-Key', 'Content-Type', 'Content-Length', 'Traceparent', 'Expect'),
    fc.constantFrom('Bearer one', 'Bearer two', 'one', 'application/json', '', '11'),
  )
  const raws = fc.array(
    fc.array(field, { maxLength: 5 }).map((fields) => fields.flat()),
    { minLength: 2, maxLength: 6 },
  )
  fc.assert(
    fc.property(raws, (all) => {
      const heads = new KnownHeads(new ConnectionDigests())
      const socket = new Socket()
      for (const raw of all) {
        const fresh = new KnownHeads(new ConnectionDigests()).of(requestOn(new Socket(), raw))
        assert.deepEqual(heads.of(requestOn(socket, raw)), fresh)
      }
    }),
  )
})

test('a large head is read each time: thousands of connections may keep theirs', () => {
  const heads = new KnownHeads(new ConnectionDigests())
  const socket = new Socket()
  const large = [...KEY, 'Cookie', 'c'.repeat(2048)]
  assert.notEqual(heads.of(requestOn(socket, large)), heads.of(requestOn(socket, large)))
})
