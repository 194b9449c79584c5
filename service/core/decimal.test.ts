import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { addToPair, decimalText, parseDecimal, runTexts } from './decimal.ts'

const MAX = 2n ** 63n - 1n

describe('decimal', () => {
  const samples = [0n, 1n, 9n, 10n, 999_999_999n, 10n ** 9n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 53n - 1n]
  samples.push(2n ** 53n, 2n ** 53n + 1n, 10n ** 18n, 10n ** 18n - 1n, 2n ** 62n, MAX)
  for (const value of samples)
    test(`${value} is printed and read back digit by digit`, () => {
      assert.equal(decimalText(hiOf(value), loOf(value)), String(value))
      assert.deepEqual(parseDecimal(String(value)), { hi: hiOf(value), lo: loOf(value) })
    })

  const refused = ['', '-1', '+1', '00', '01', '1.0', '1e3', ' 1', '1 ', '0x1', '１', 'abc', '1\n']
  refused.push(String(MAX + 1n), '9999999999999999999', '10000000000000000000', '9'.repeat(40))
  for (const text of refused)
    test(`${JSON.stringify(text)} is not a canonical number below 2^63`, () => {
      assert.equal(parseDecimal(text), undefined)
    })

  test('a run across a power of ten and across 2^32 keeps every digit', () => {
    for (const first of [0n, 995n, 9_998n, 2n ** 32n - 3n, 2n ** 53n - 4n, 10n ** 18n - 2n, MAX - 1500n]) {
      const out: string[] = []
      runTexts(hiOf(first), loOf(first), 1500, out)
      assert.deepEqual(
        out,
        Array.from({ length: 1500 }, (_, i) => String(first + BigInt(i))),
      )
    }
  })

  test('a run of no numbers prints nothing', () => {
    const out: string[] = []
    runTexts(1, 1, 0, out)
    assert.deepEqual(out, [])
  })

  test('adding carries into the upper word', () => {
    assert.deepEqual(addToPair(0, 0xffff_ffff, 1), { hi: 1, lo: 0 })
    assert.deepEqual(addToPair(7, 5, 2 ** 33 + 1), { hi: 9, lo: 6 })
  })
})

function hiOf(value: bigint): number {
  return Number(value >> 32n)
}

function loOf(value: bigint): number {
  return Number(value & 0xffff_ffffn)
}
