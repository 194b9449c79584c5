import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { datedCellSize, firstOfPeriod, periodAt } from './dated-numbers.ts'
import { type IdFormat, RADIXES, RESET_PERIODS, readFormat } from './id-format.ts'
import { IdPrinter } from './id-printer.ts'
import { DEFAULT_SPACE, type NumberSpace, tagFaults } from './tag.ts'

const affix = fc.string({ unit: fc.constantFrom('A', 'Z', 'a', 'z', '0', '9', '-', '/', '.'), maxLength: 6 })
const shuffleKey = fc
  .uint8Array({ minLength: 16, maxLength: 16 })
  .map((bytes) => Buffer.from(bytes).toString('hex'))
const plain = fc.record(
  {
    prefix: affix,
    suffix: affix,
    radix: fc.constantFrom(...RADIXES),
    width: fc.integer({ min: 1, max: 19 }),
    check: fc.constantFrom('luhn' as const, 'iso7064' as const),
    shuffleKey,
  },
  { requiredKeys: [] },
)
const reset = fc.record(
  {
    reset: fc.constantFrom(...RESET_PERIODS),
    utcOffsetMinutes: fc.integer({ min: -720, max: 840 }),
    separator: affix,
  },
  { requiredKeys: ['reset'] },
)

/** Formats that a tag could be made with, each with its number space. */
const spaces: fc.Arbitrary<NumberSpace> = fc
  .tuple(plain, fc.option(reset, { nil: {} }), fc.integer({ min: 1, max: 8 }))
  .map(([a, b, dcCount]): NumberSpace => {
    const format: IdFormat = { ...a, ...b }
    return format.reset === undefined
      ? { ...DEFAULT_SPACE, format }
      : { startAt: 1, dcCount, cellSize: datedCellSize(format, dcCount), format }
  })
  .filter((space) => {
    const step = { base: 1, min: 1, max: 1 }
    return tagFaults({ chain: ['segment'], step, space }).length === 0
  })

function numberOf(space: NumberSpace, place: number): number {
  return Math.min(2 ** 53 - 1, space.startAt + Math.floor(place * (2 ** 53 - space.startAt)))
}

const places = fc.oneof(
  fc.double({ min: 0, max: 1, noNaN: true }),
  fc.double({ min: 0, max: 1e-9, noNaN: true }),
)

function textOf(printer: IdPrinter, value: number): string {
  return printer.text(Math.floor(value / 2 ** 32), value >>> 0)
}

describe('texts of numbers', () => {
  test('every text leads back to its number', () => {
    fc.assert(
      fc.property(spaces, places, (space, place) => {
        assert.ok(space.format !== undefined)
        const printer = new IdPrinter(space, space.format)
        const value = numberOf(space, place)
        const text = textOf(printer, value)
        assert.deepEqual(printer.parse(text), { hi: Math.floor(value / 2 ** 32), lo: value >>> 0 })
        assert.match(text, /^[\x21\x23-\x5b\x5d-\x7e]{1,96}$/)
      }),
      { numRuns: 1000 },
    )
  })

  test('neighbours and numbers around a change of length or date have different texts', () => {
    fc.assert(
      fc.property(spaces, places, fc.nat(20), (space, place, power) => {
        assert.ok(space.format !== undefined)
        const printer = new IdPrinter(space, space.format)
        const size = space.cellSize * space.dcCount
        const around = [numberOf(space, place), (space.format.radix ?? 10) ** power, size * power + 1]
        const values = around
          .filter((value) => value < 2 ** 53 - 100)
          .flatMap((value) => Array.from({ length: 60 }, (_, i) => value + i - 30))
          .filter((value) => value >= space.startAt)
        const texts = new Map(values.map((value) => [value, textOf(printer, value)]))
        assert.equal(new Set(texts.values()).size, texts.size)
      }),
    )
  })

  test('a whole period is written without a repetition, all texts of one length', () => {
    fc.assert(
      fc.property(reset, fc.option(shuffleKey, { nil: undefined }), ({ reset: period, ...rest }, key) => {
        const shuffled = key === undefined ? {} : { shuffleKey: key }
        const format: IdFormat = { ...rest, reset: period, width: 3, ...shuffled }
        const space = { startAt: 1, dcCount: 2, cellSize: datedCellSize(format, 2), format }
        const printer = new IdPrinter(space, format)
        const first = firstOfPeriod(space, periodAt(format, Date.parse('2026-11-27')))
        const texts = Array.from({ length: 998 }, (_, i) => textOf(printer, first + i))
        assert.equal(new Set(texts).size, 998)
        assert.equal(new Set(texts.map(({ length }) => length)).size, 1)
      }),
      { numRuns: 30 },
    )
  })

  test('snowflakes are written in every radix and led back', () => {
    fc.assert(
      fc.property(plain, fc.bigInt({ min: 2n ** 53n, max: 2n ** 62n }), (format, value) => {
        const { shuffleKey: _, ...unshuffled } = format
        if ('faults' in readFormat('', unshuffled)) return
        const printer = new IdPrinter({ ...DEFAULT_SPACE, format: unshuffled }, unshuffled)
        const pair = { hi: Number(value >> 32n), lo: Number(value & 0xffff_ffffn) }
        assert.deepEqual(printer.parse(printer.text(pair.hi, pair.lo)), pair)
      }),
    )
  })

  test('any other text is no number of the tag, or the one that it is the text of', () => {
    fc.assert(
      fc.property(spaces, fc.string({ maxLength: 40 }), (space, text) => {
        assert.ok(space.format !== undefined)
        const printer = new IdPrinter(space, space.format)
        const found = printer.parse(text)
        if (found !== undefined) assert.equal(printer.text(found.hi, found.lo), text)
      }),
    )
  })
})
