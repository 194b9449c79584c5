import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { capacityOf, fullest, percentText } from './biz-tag-capacity.ts'

describe('how full a number space is', () => {
  test('a share becomes percent, and is never rounded up to the end', () => {
    const rows: readonly [number, string][] = [
      [0, '0.0'],
      [1e-9, '0.0'],
      [0.0129, '1.2'],
      [0.9999, '99.9'],
      [1, '100.0'],
      [1.5, '100.0'],
      [-0.1, '0.0'],
    ]
    for (const [share, text] of rows) assert.equal(percentText(share), text)
  })

  test('more than 80 % is low, all is exhausted', () => {
    const rows = { '0.0': 'Available', '80.0': 'Available', '80.1': 'Above80Percent', '100.0': 'Exhausted' }
    for (const [percent, capacity] of Object.entries(rows)) assert.equal(capacityOf(percent), capacity)
  })

  test('the fullest is the greatest number, not the greatest text', () => {
    assert.equal(fullest(['9.5', undefined, '12.0', '3.0']), '12.0')
    assert.equal(fullest([undefined]), undefined)
  })
})
