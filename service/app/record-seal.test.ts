import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { RecordSeal } from './record-seal.ts'

const seal = new RecordSeal(new Uint8Array(32).fill(1))

describe('a sealed record', () => {
  test('opens under its name, with the key it was sealed with', () => {
    const text = fc.string({ unit: 'grapheme' })
    const property = fc.property(text, text, (name, written) => {
      const sealed = seal.seal(name, written)
      assert.equal(new RecordSeal(new Uint8Array(32).fill(1)).open(name, sealed), written)
      assert.equal(new RecordSeal(new Uint8Array(32).fill(2)).open(name, sealed), undefined)
      assert.equal(seal.open(`${name}x`, sealed), undefined)
    })
    fc.assert(property, { numRuns: 100 })
  })

  test('does not open with any character changed, added or left out', () => {
    const sealed = seal.seal('key:a', '{"a":1}')
    for (let at = 0; at < sealed.length; at += 1) {
      // The last character of a signature carries four bits of it: Q and A differ in these.
      const changed = `${sealed.slice(0, at)}${sealed[at] === 'A' ? 'Q' : 'A'}${sealed.slice(at + 1)}`
      if (changed !== sealed) assert.equal(seal.open('key:a', changed), undefined, changed)
      assert.equal(seal.open('key:a', sealed.slice(0, at)), undefined)
    }
    assert.equal(seal.open('key:a', `${sealed} `), undefined)
    assert.equal(seal.open('key:a', ''), undefined)
  })

  test('is not one of a name and a text that share their characters in another way', () => {
    const sealed = seal.seal('ab', 'c')
    assert.equal(seal.open('a', sealed.replace(/c$/, 'bc')), undefined)
  })
})
