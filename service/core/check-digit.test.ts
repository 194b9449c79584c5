import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { CHECK_KINDS, checkValue, ISO7064_RADIXES } from './check-digit.ts'

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ'
const digitsOf = (text: string) => Array.from(text, (char) => ALPHABET.indexOf(char))

describe('check digits', () => {
  test('Luhn gives the check digit of the published example', () => {
    assert.equal(checkValue('luhn', digitsOf('7992739871'), 10), 3)
  })

  test('ISO 7064 MOD 11,10 and MOD 37,36 give the check characters of the published examples', () => {
    assert.equal(checkValue('iso7064', digitsOf('0794'), 10), 5)
    assert.equal(ALPHABET[checkValue('iso7064', digitsOf('A12425GABC1234002'), 36)], 'M')
  })

  test('one wrong digit is always noticed', () => {
    for (const kind of CHECK_KINDS)
      for (const radix of kind === 'luhn' ? [10, 36, 62] : ISO7064_RADIXES)
        fc.assert(
          fc.property(
            fc.array(fc.nat(radix - 1), { minLength: 1, maxLength: 20 }),
            fc.nat(),
            fc.integer({ min: 1, max: radix - 1 }),
            (digits, place, by) => {
              const at = place % digits.length
              const wrong = digits.with(at, ((digits[at] ?? 0) + by) % radix)
              assert.notEqual(checkValue(kind, digits, radix), checkValue(kind, wrong, radix))
            },
          ),
        )
  })
})
