import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { thing } from '../runtime/scripted-kube.ts'
import { WrittenObjects } from './written-objects.ts'

describe('written objects', () => {
  test('a write counts before the cache has heard of it, and no longer', () => {
    const written = new WrittenObjects()
    const [one, two, three] = [thing('a', '1'), thing('a', '2'), thing('a', '3')]
    assert.equal(written.latest('ns/a', one), one)
    written.wrote('ns/a', one, two)
    assert.equal(written.latest('ns/a', one), two)
    assert.equal(written.latest('ns/a', two), two)
    assert.equal(written.latest('ns/a', three), three)
    assert.equal(written.latest('ns/a', one), one, 'forgotten by then')
  })

  test('two writes in a row make both earlier states old', () => {
    const written = new WrittenObjects()
    const [one, two, three] = [thing('a', '1'), thing('a', '2'), thing('a', '3')]
    written.wrote('ns/a', one, two)
    written.wrote('ns/a', two, three)
    assert.equal(written.latest('ns/a', one), three)
    assert.equal(written.latest('ns/a', two), three)
  })

  test('an object that was deleted, or made anew, is not brought back', () => {
    const written = new WrittenObjects()
    written.wrote('ns/a', thing('a', '1'), thing('a', '2'))
    const anew = thing('a', '1', { uid: 'another' })
    assert.equal(written.latest('ns/a', anew), anew)
    written.wrote('ns/a', thing('a', '1'), thing('a', '2'))
    assert.equal(written.latest('ns/a', undefined), undefined)
  })
})
