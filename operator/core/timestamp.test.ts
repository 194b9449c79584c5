import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { parseTimestamp, printTimestamp } from './timestamp.ts'

const moment = fc.integer({
  min: Date.parse('1900-01-01T00:00:00Z'),
  max: Date.parse('2400-12-31T23:59:59Z'),
})

describe('a timestamp', () => {
  test('is printed and read as Date does it', () => {
    fc.assert(
      fc.property(moment, (ms) => {
        assert.equal(Date.parse(printTimestamp(ms)), ms)
        assert.equal(parseTimestamp(new Date(ms).toISOString()), ms)
        assert.equal(parseTimestamp(printTimestamp(ms)), ms)
      }),
    )
  })

  test('is right at the edges of months, leap years and centuries', () => {
    for (const text of [
      '1970-01-01T00:00:00Z',
      '1999-12-31T23:59:59.999Z',
      '2000-02-29T12:00:00Z',
      '2024-02-29T00:00:00Z',
      '2100-02-28T23:59:59Z',
      '2100-03-01T00:00:00Z',
    ]) {
      assert.equal(parseTimestamp(text), Date.parse(text))
      assert.equal(printTimestamp(Date.parse(text)), text)
    }
  })

  test('may carry an offset and the microseconds of Kubernetes', () => {
    assert.equal(parseTimestamp('2026-11-26T20:02:31.500123+02:00'), Date.parse('2026-11-26T18:02:31.500Z'))
    assert.equal(parseTimestamp('2026-11-26T16:32:31-01:30'), Date.parse('2026-11-26T18:02:31Z'))
  })

  test('that does not exist is none', () => {
    for (const text of [
      '',
      'yesterday',
      '2026-13-01T00:00:00Z',
      '2026-02-30T00:00:00Z',
      '2026-11-26',
      '2026-11-26T24:00:00Z',
    ])
      assert.equal(parseTimestamp(text), undefined, text)
  })
})
