import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { addToPair, decimalText, parseDecimal, runTexts } from './decimal.ts'

const value63 = fc.bigInt({ min: 0n, max: 2n ** 63n - 1n })

test('the text of any 63-bit number is the text bigint gives, and reads back', () => {
  fc.assert(
    fc.property(value63, (value) => {
      const [hi, lo] = split(value)
      const text = decimalText(hi, lo)
      assert.equal(text, String(value))
      assert.deepEqual(parseDecimal(text), { hi, lo })
    }),
    { numRuns: 2000 },
  )
})

test('the texts of a run are the texts of its numbers one by one', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2n ** 62n }), fc.integer({ min: 0, max: 2500 }), (first, count) => {
      const [hi, lo] = split(first)
      const out: string[] = []
      runTexts(hi, lo, count, out)
      const expected = Array.from({ length: count }, (_, i) => String(first + BigInt(i)))
      assert.deepEqual(out, expected)
    }),
    { numRuns: 60 },
  )
})

test('adding to a pair is adding to the number', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2n ** 62n }), fc.integer({ min: 0, max: 2 ** 40 }), (value, n) => {
      const [hi, lo] = split(value)
      const [sumHi, sumLo] = split(value + BigInt(n))
      assert.deepEqual(addToPair(hi, lo, n), { hi: sumHi, lo: sumLo })
    }),
  )
})

test('no text but a canonical one is read as a number', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ maxLength: 24 }), fc.stringMatching(/^[-+0-9. e]{1,22}$/)), (text) => {
      const pair = parseDecimal(text)
      if (pair !== undefined) assert.equal(decimalText(pair.hi, pair.lo), text)
    }),
    { numRuns: 1000 },
  )
})

function split(value: bigint): [hi: number, lo: number] {
  return [Number(value >> 32n), Number(value & 0xffff_ffffn)]
}
