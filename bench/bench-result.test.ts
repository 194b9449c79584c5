import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { figure, judged, rowText } from './bench-result.ts'

describe('a row of a bench', () => {
  const row = { what: 'one ID', value: 17.23, unit: 'µs', floor: { what: 'bare', value: 15.4 }, ratio: 1.118 }

  test('a bar of the ratio judges the ratio, not the value', () => {
    assert.equal(judged({ ...row, bar: { of: 'ratio', atMost: 1.25 } }).met, true)
    assert.equal(judged({ ...row, bar: { of: 'ratio', atMost: 1.1 } }).met, false)
  })

  test('a bar of the value may be a least one', () => {
    assert.equal(judged({ ...row, bar: { of: 'value', atLeast: 17 } }).met, true)
    assert.equal(judged({ ...row, bar: { of: 'value', atLeast: 18 } }).met, false)
  })

  test('a ratio that was not measured meets no bar', () => {
    const { ratio: _none, ...without } = row
    assert.equal(judged({ ...without, bar: { of: 'ratio', atMost: 1.25 } }).met, false)
    assert.equal(judged({ ...without, bar: { of: 'ratio', atLeast: 0 } }).met, false)
  })

  test('the line says value, spread, floor, ratio, bar and verdict', () => {
    assert.equal(
      rowText(judged({ ...row, spread: { min: 16.9, max: 18 }, bar: { of: 'ratio', atMost: 1.1 } })),
      'one ID: 17.2 µs (16.9 to 18), 1.12 × bare (15.4 µs); bar: at most 1.1 ×, NOT met',
    )
  })

  test('figures have three digits, whole ones all of theirs', () => {
    assert.deepEqual([0.01234, 12.34, 999.6, 1234.5, 1_000_000].map(figure), [
      '0.0123',
      '12.3',
      '1000',
      '1,235',
      '1,000,000',
    ])
  })
})
