import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { fillIn } from './apply-manifest.ts'

describe('a manifest with words to replace', () => {
  test('gets their values, whole words only', () => {
    assert.equal(
      fillIn('image: IMAGE\nname: MY-IMAGE', { IMAGE: 'idgen:dev' }),
      'image: idgen:dev\nname: MY-IMAGE',
    )
  })

  test('must have them', () => {
    assert.throws(() => fillIn('image: idgen', { IMAGE: 'x' }), /no IMAGE/)
  })
})
