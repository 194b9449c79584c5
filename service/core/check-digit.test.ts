import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { CHECK_KINDS, type CheckKind, checkValue, ISO7064_RADIXES } from './check-digit.ts'

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

  /** Swaps of two neighbours that leave the check character as it was. A digit before them brings every state about. */
  function unnoticedSwaps(kind: CheckKind, radix: number): number[][] {
    const digits = Array.from({ length: radix }, (_, digit) => digit)
    return digits.flatMap((before) =>
      digits.flatMap((a) =>
        digits
          .filter((b) => a !== b)
          .filter((b) => checkValue(kind, [before, a, b], radix) === checkValue(kind, [before, b, a], radix))
          .map((b) => [before, a, b]),
      ),
    )
  }

  test('Luhn notices every swap of neighbours but that of the first and the last digit of its radix', () => {
    for (const radix of [10, 36, 62]) {
      const last = radix - 1
      const missed = Array.from({ length: radix }, (_, before) => [
        [before, 0, last],
        [before, last, 0],
      ])
      assert.deepEqual(unnoticedSwaps('luhn', radix), missed.flat())
    }
  })

  test('ISO 7064 notices every swap of neighbours but that of one pair, which what is before them decides', () => {
    for (const radix of ISO7064_RADIXES) {
      const missed = unnoticedSwaps('iso7064', radix)
      const pairs = Map.groupBy(missed, ([before]) => before)
      assert.equal(pairs.size, radix)
      for (const [one = [], other = [], ...more] of pairs.values()) {
        assert.deepEqual(more, [])
        assert.deepEqual([one[1], one[2]], [other[2], other[1]])
      }
    }
  })
})
