import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DrawnIds } from './drawn-ids.ts'

/** Each fill counts on, so that bytes given out twice would show. */
function counting() {
  let fills = 0
  let next = 0
  const fill = (bytes: Uint8Array): void => {
    fills += 1
    for (let i = 0; i + 3 < bytes.length; i += 4)
      new DataView(bytes.buffer, bytes.byteOffset).setUint32(i, (next += 1))
  }
  return { ids: new DrawnIds({ fill }), fills: () => fills }
}

test('no random bytes serve two ids, over many fills of the pool', () => {
  const { ids, fills } = counting()
  const seen = new Set<string>()
  const traces = 1000
  for (let i = 0; i < traces; i += 1) {
    const digits = ids.traceAndSpan()
    assert.match(digits, /^[0-9a-f]{48}$/)
    const child = ids.span()
    assert.match(child, /^[0-9a-f]{16}$/)
    for (let at = 0; at < 48; at += 16) seen.add(digits.slice(at, at + 16))
    seen.add(child)
  }
  assert.equal(seen.size, 4 * traces)
  assert.ok(fills() > 1 && fills() < traces / 10, `${fills()} fills`)
})

test('chance is a share of one', () => {
  const all = (byte: number): number => new DrawnIds({ fill: (bytes) => void bytes.fill(byte) }).chance()
  assert.equal(all(0), 0)
  assert.equal(all(0x80), 0x80808080 / 2 ** 32)
  assert.ok(all(0xff) < 1)
})
