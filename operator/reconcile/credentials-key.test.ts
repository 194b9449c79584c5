import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { idOfKey, keyId, keyNumber, newKeyText } from './credentials-key.ts'

describe('keys of tags', () => {
  test('ids are the same each time, well formed, and differ by object and number', () => {
    const ids = new Set<string>()
    for (let object = 0; object < 200; object += 1)
      for (let n = 0; n < 5; n += 1) {
        const id = keyId(`uid-${object}`, n)
        assert.match(id, /^[a-z0-9]{12}$/)
        assert.equal(keyId(`uid-${object}`, n), id)
        assert.equal(keyNumber(`uid-${object}`, id), n)
        ids.add(id)
      }
    assert.equal(ids.size, 1000)
    assert.equal(keyNumber('uid-1', keyId('uid-2', 0)), undefined)
  })

  test('texts have the form that the service wants, and are never the same', () => {
    const texts = new Set(Array.from({ length: 200 }, () => newKeyText('abcdefghijkl')))
    assert.equal(texts.size, 200)
    for (const text of texts) assert.equal(idOfKey(text), 'abcdefghijkl')
    assert.equal(idOfKey(`idg_ABCDEFGHIJKL_${'a'.repeat(43)}`), undefined)
    // Bytes that give characters which no key has are passed over, not shortened.
    let turn = 0
    const poor = newKeyText('abcdefghijkl', (size) => Buffer.alloc(size, (turn += 1) === 1 ? 0xff : turn))
    assert.equal(idOfKey(poor), 'abcdefghijkl')
  })
})
