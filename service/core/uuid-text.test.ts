import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { parse, stringify } from 'uuid'
import { decodeUuid, parseUuid, uuidText } from './uuid-text.ts'

describe('UUID text', () => {
  test('the example of RFC 9562 appendix A.6 (version 7) decodes to its time', () => {
    const text = '017f22e2-79b0-7cc3-98c4-dc0c0c07398f'
    assert.deepEqual(decodeUuid(text), { version: 7, timeMs: 0x017f22e279b0 })
    assert.deepEqual(decodeUuid(text.toUpperCase()), decodeUuid(text))
  })

  test('the example of RFC 9562 appendix A.3 (version 4) has no time', () => {
    assert.deepEqual(decodeUuid('919108f7-52d1-4320-9bac-f847db4148a8'), { version: 4, timeMs: undefined })
  })

  const refused = [
    '',
    '919108f7-52d1-4320-9bac-f847db4148a',
    '919108f752d143209bacf847db4148a8',
    '{919108f7-52d1-4320-9bac-f847db4148a8}',
    'g19108f7-52d1-4320-9bac-f847db4148a8',
    '919108f7-52d1-4320-9bac-f847db4148a8\n',
  ]
  for (const text of refused)
    test(`${JSON.stringify(text)} is no UUID`, () => {
      assert.equal(parseUuid(text), undefined)
      assert.equal(decodeUuid(text), undefined)
    })

  for (const text of [
    '00000000-0000-0000-0000-000000000000',
    'ffffffff-ffff-ffff-ffff-ffffffffffff',
    '919108f7-52d1-4320-1bac-f847db4148a8',
    '919108f7-52d1-9320-9bac-f847db4148a8',
    '919108f7-52d1-0320-9bac-f847db4148a8',
  ])
    test(`${text} parses, but its variant or version is none of ours`, () => {
      assert.notEqual(parseUuid(text), undefined)
      assert.equal(decodeUuid(text), undefined)
    })

  test('text and bytes are those of the uuid package, at any offset', () => {
    const uuid = fc.uuid({ version: [4, 7] })
    fc.assert(
      fc.property(uuid, fc.integer({ min: 0, max: 5 }), (text, offset) => {
        const bytes = new Uint8Array(16 + offset)
        bytes.set(parse(text), offset)
        assert.equal(uuidText(bytes, offset), stringify(bytes, offset))
        assert.deepEqual(parseUuid(text), bytes.slice(offset))
      }),
    )
  })
})
