import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { shownSpace, withoutShuffleKey, withShownSpace } from './shown-space.ts'
import { DEFAULT_SPACE } from './tag.ts'

const KEY = '000102030405060708090a0b0c0d0e0f'

describe('a number space that is shown', () => {
  test('says that it has a key of a shuffle, and not which', () => {
    const space = { ...DEFAULT_SPACE, format: { width: 6, shuffleKey: KEY } }
    const shown = { ...DEFAULT_SPACE, format: { width: 6, shuffleKey: 'hidden' } }
    assert.deepEqual(shownSpace(space), shown)
    assert.deepEqual(withShownSpace({ name: 't', space }), { name: 't', space: shown })
    assert.equal(space.format.shuffleKey, KEY, 'what was shown is unchanged')
  })

  test('is as it is without a key', () => {
    for (const space of [DEFAULT_SPACE, {}, { ...DEFAULT_SPACE, format: { prefix: 'A' } }])
      assert.deepEqual(shownSpace(space), space)
  })

  test('hides the key in JSON as it came, whole or cut', () => {
    const rest = '"radix":62}}}'
    assert.equal(
      withoutShuffleKey(`{"space":{"format":{"shuffleKey" : "${KEY}",${rest}`),
      `{"space":{"format":{"shuffleKey" : "hidden",${rest}`,
    )
    for (const key of [KEY, 'not hex', `${KEY}\\"${KEY}`, `${KEY}\n`])
      for (const end of ['"', ''])
        assert.equal(withoutShuffleKey(`{"shuffleKey":"${key}${end}`), '{"shuffleKey":"hidden"')
    assert.equal(withoutShuffleKey('{"displayName":"shuffleKey"}'), '{"displayName":"shuffleKey"}')
  })
})
