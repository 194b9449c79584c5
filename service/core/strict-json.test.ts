import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StrictJson } from './strict-json.ts'

function read<T>(use: (json: StrictJson) => T): { value: T; faults: string[] } {
  const json = new StrictJson()
  const value = use(json)
  return { value, faults: json.faults.map(({ path, message }) => `${path} ${message}`) }
}

test('an object is read, and everything else is told with the reason', () => {
  assert.deepEqual(
    read((json) => json.parse('{"a":1}')),
    { value: { a: 1 }, faults: [] },
  )
  assert.deepEqual(read((json) => json.parse('[1]')).faults, ['/ must be an object, not a list'])
  assert.deepEqual(read((json) => json.parse('"x"')).faults, ['/ must be an object, not "x"'])
  assert.deepEqual(read((json) => json.parse('{a:1}')).faults, ['/ must be valid JSON'])
})

test('missing and unknown fields are told, a long name cut', () => {
  const { faults } = read((json) => json.fields('/x', { b: 1, [`c${'d'.repeat(99)}`]: 1 }, ['a', 'b']))
  assert.deepEqual(faults, [`/x/c${'d'.repeat(39)} is not known here`, '/x/a is required'])
})

test('a field that every object inherits is missing unless it was written', () => {
  assert.deepEqual(read((json) => json.fields('', {}, ['toString'])).faults, ['/toString is required'])
})

test('a missing value is no second fault', () => {
  const { faults } = read((json) => [
    json.object('/a', undefined),
    json.text('/a', undefined, () => 'wrong'),
    json.integer('/a', undefined),
    json.end('/a', undefined),
    json.choices('/a', undefined, ['x']),
  ])
  assert.deepEqual(faults, [])
})

test('values of the wrong kind are told with what they are, cut', () => {
  assert.deepEqual(read((json) => json.text('/a', { b: 1 }, () => undefined)).faults, [
    '/a must be text, not an object',
  ])
  assert.deepEqual(read((json) => json.integer('/a', 'z'.repeat(99))).faults, [
    `/a must be an integer, not "${'z'.repeat(39)}`,
  ])
  assert.deepEqual(read((json) => json.integer('/a', null)).faults, ['/a must be an integer, not null'])
  assert.deepEqual(read((json) => json.choices('/a', 'x', ['x'])).faults, [
    '/a must be a list of at most 16, not "x"',
  ])
  assert.deepEqual(read((json) => json.choices('/a', ['x', 'y'], ['x'])).faults, ['/a must name only x'])
  assert.equal(read((json) => json.choices('/a', Array(17).fill('x'), ['x'])).faults.length, 1)
})

test('integers beyond what a number holds exactly are refused; an end may be 2^53 itself', () => {
  for (const value of [2 ** 53, 1.5, Number.NaN, '1'])
    assert.equal(read((json) => json.integer('/a', value)).faults.length, 1, String(value))
  assert.equal(read((json) => json.integer('/a', 2 ** 53 - 1)).value, 2 ** 53 - 1)
  assert.equal(read((json) => json.end('/a', 2 ** 53)).value, 2 ** 53)
  assert.equal(read((json) => json.end('/a', 2 ** 53 + 2)).faults.length, 1)
})
