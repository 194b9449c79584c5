import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { datedCellSize, firstOfPeriod, periodAt } from './dated-numbers.ts'
import { type IdFormat, readFormat } from './id-format.ts'
import { IdPrinter, printerOf } from './id-printer.ts'
import { DEFAULT_SPACE, tagFaults } from './tag.ts'

function printed(format: IdFormat, value: number): string {
  return new IdPrinter({ ...DEFAULT_SPACE, format }, format).text(Math.floor(value / 2 ** 32), value >>> 0)
}

const DAILY: IdFormat = { prefix: 'INV-', reset: 'day', utcOffsetMinutes: 480, separator: '-', width: 6 }
const DAILY_SPACE = { startAt: 1, dcCount: 1, cellSize: datedCellSize(DAILY, 1), format: DAILY }

describe('formats of IDs', () => {
  test('prefix, zeros, suffix and check digit stand where they belong', () => {
    assert.equal(printed({ prefix: 'ORD-', width: 8, suffix: '/EU' }, 42), 'ORD-00000042/EU')
    assert.equal(printed({ check: 'luhn' }, 7_992_739_871), '79927398713')
    assert.equal(printed({ check: 'iso7064', width: 4 }, 794), '07945')
    assert.equal(printed({ width: 2 }, 123), '123')
  })

  test('radix 36 and 62 count on with letters', () => {
    assert.equal(printed({ radix: 36 }, 35), 'Z')
    assert.equal(printed({ radix: 36, width: 4 }, 36), '0010')
    assert.equal(printed({ radix: 62 }, 61), 'z')
    assert.equal(printed({ radix: 62 }, 2 ** 53 - 1), 'fFgnDxSe7')
  })

  test('a date stands before the digits that begin anew with it', () => {
    const printer = new IdPrinter(DAILY_SPACE, DAILY)
    const first = firstOfPeriod(DAILY_SPACE, periodAt(DAILY, Date.parse('2026-11-27T00:00:00+08:00')))
    const text = (value: number) => printer.text(Math.floor(value / 2 ** 32), value >>> 0)
    assert.equal(text(first), 'INV-20261127-000001')
    assert.equal(text(first - 1), 'INV-20261126-999999')
  })

  test('what a format with a key writes is the same for ever', () => {
    const shuffleKey = '00112233445566778899aabbccddeeff'
    const texts = [1, 2, 3, 999_999, 1_000_000].map((value) => printed({ width: 6, shuffleKey }, value))
    assert.deepEqual(texts, ['448045', '962160', '520080', '261302', '9935199'])
    const dated = { ...DAILY, shuffleKey }
    const printer = new IdPrinter({ ...DAILY_SPACE, format: dated }, dated)
    const first = firstOfPeriod(DAILY_SPACE, periodAt(DAILY, Date.parse('2026-11-27')))
    assert.equal(printer.text(Math.floor(first / 2 ** 32), first >>> 0), 'INV-20261127-166657')
  })

  test('texts that were never written are read as none', () => {
    const printer = new IdPrinter(DAILY_SPACE, DAILY)
    for (const text of [
      'INV-20261127-000000',
      'INV-20261127-1',
      'INV-20261127000001',
      'INV-20260230-000001',
      'inv-20261127-000001',
      '',
    ])
      assert.equal(printer.parse(text), undefined, text)
    const checked = new IdPrinter(DEFAULT_SPACE, { check: 'luhn', width: 4 })
    assert.equal(checked.parse('00018')?.lo, 1)
    assert.equal(checked.parse('00019'), undefined)
    assert.equal(checked.parse('000018'), undefined)
  })

  test('without a format there is no printer', () => {
    assert.equal(printerOf(DEFAULT_SPACE), undefined)
    assert.ok(printerOf(DAILY_SPACE) !== undefined)
  })
})

describe('what a format may be', () => {
  const faultsOf = (value: unknown) => {
    const read = readFormat('/format', value)
    return 'faults' in read ? read.faults.map(({ path, message }) => `${path} ${message}`) : []
  }

  test('every fault is told with its field and its value', () => {
    assert.match(faultsOf({ prefix: '"' })[0] ?? '', /^\/format\/prefix must be up to 16 .* not "\\""$/)
    assert.match(faultsOf({ radix: 16 })[0] ?? '', /one of 10, 36, 62, not 16/)
    assert.match(faultsOf({ width: 0, check: 'crc' }).join('\n'), /width.*\n.*check must be one of/)
    assert.match(faultsOf({ color: 1 })[0] ?? '', /\/format\/color is no field/)
    assert.match(faultsOf('INV')[0] ?? '', /must be an object/)
    for (const nothing of [{}, { prefix: undefined }])
      assert.match(faultsOf(nothing)[0] ?? '', /^\/format says nothing: leave it out$/)
  })

  test('fields that do not go together are refused', () => {
    assert.match(faultsOf({ radix: 62, check: 'iso7064' })[0] ?? '', /use luhn/)
    assert.match(faultsOf({ separator: '-' })[0] ?? '', /belongs to a format with reset/)
    assert.match(faultsOf({ reset: 'day' })[0] ?? '', /width is needed/)
    assert.match(faultsOf({ shuffleKey: '0'.repeat(32), width: 5 })[0] ?? '', /at least 6/)
  })

  test('a format is written in one way, whatever the order it came in', () => {
    const read = readFormat('', { width: 6, prefix: 'A', suffix: undefined })
    assert.equal(JSON.stringify(read), '{"format":{"prefix":"A","width":6}}')
  })

  test('with a reset the numbers follow from date and width', () => {
    const step = { base: 1, min: 1, max: 1 }
    const draft = { chain: ['segment'] as const, step, space: DAILY_SPACE }
    assert.deepEqual(tagFaults(draft), [])
    const faults = (space: object, chain: readonly ('segment' | 'snowflake' | 'uuid-v7')[] = ['segment']) =>
      tagFaults({ chain, step, space: { ...DAILY_SPACE, ...space } }).map(({ path }) => path)
    assert.deepEqual(faults({ startAt: 5 }), ['/space/startAt'])
    assert.deepEqual(faults({ cellSize: 1000 }), ['/space/cellSize'])
    assert.deepEqual(faults({}, ['segment', 'snowflake']), ['/chain'])
    assert.deepEqual(faults({}, ['segment', 'uuid-v7']), ['/chain'])
    const wide = { ...DAILY, width: 12 }
    assert.deepEqual(faults({ format: wide, cellSize: datedCellSize(wide, 1) }), ['/space/format/width'])
  })
})
