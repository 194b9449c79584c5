import assert from 'node:assert/strict'
import { test } from 'node:test'
import { percent, plainNumber, shortDuration, shortNumber } from './number-text.ts'

test('numbers are written as people of a language write them', () => {
  assert.equal(plainNumber(1_234_567, 'en'), '1,234,567')
  assert.equal(shortNumber(1_234_567, 'en'), '1M')
  assert.equal(shortNumber(1_234_567, 'zh'), '123万')
  assert.equal(shortNumber(7.61, 'en'), '7.6')
  assert.equal(shortNumber(9999, 'en'), '9,999')
  assert.equal(shortNumber(2 ** 50, 'en'), '1.1 quadrillion')
  assert.equal(shortNumber(2 ** 50, 'zh'), '1126万亿')
  assert.equal(shortDuration(0.00099, 'en'), '0.99 ms')
  assert.equal(shortDuration(2.5, 'en'), '2.5 s')
})

test('a share tells as much as there is to tell, and never that nothing was used where something was', () => {
  assert.equal(percent(0, 'en'), '0%')
  assert.equal(percent(1e-13, 'en'), '< 0.001%')
  assert.equal(percent(0.8012, 'en'), '80.1%')
  assert.equal(percent(1, 'en'), '100%')
})
