import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type BenchResult, judged, type Row } from './bench-result.ts'
import { thisMachine } from './machine.ts'
import { bestOf, regressions } from './regression-gate.ts'

function row(ratio: number, atMost = 1.25): Row {
  const floor = { what: 'bare', value: 10 }
  return judged({
    what: 'one ID',
    value: 10 * ratio,
    unit: 'µs',
    floor,
    ratio,
    bar: { of: 'ratio', atMost },
    gate: 1.2,
  })
}

function committed(rows: readonly Row[], over: Partial<BenchResult> = {}): BenchResult {
  return {
    bench: 'http',
    at: '2026-11-27T00:00:00.000Z',
    form: 'long',
    machine: thisMachine(),
    versions: {},
    conditions: [],
    rows,
    ...over,
  }
}

describe('the regression gate', () => {
  test('a ratio may be worse than the committed one by the allowance and no more', () => {
    assert.deepEqual(regressions([row(0.6)], committed([row(0.51)])), [])
    assert.deepEqual(regressions([row(0.62)], committed([row(0.51)])), [
      'one ID: 0.62 × its floor; committed: 0.51, with its allowance 0.612',
    ])
  })

  test('another processor is allowed more, because it weighs system calls differently', () => {
    const elsewhere = { machine: { ...thisMachine(), cpu: 'another' } }
    assert.deepEqual(regressions([row(0.7)], committed([row(0.5)], elsewhere)), [])
    assert.equal(regressions([row(0.8)], committed([row(0.5)], elsewhere)).length, 1)
  })

  test('the bar holds where nothing was committed, and where a short form was', () => {
    assert.equal(regressions([row(1.6)], undefined).length, 1)
    assert.equal(regressions([row(1.6)], committed([row(1.1)], { form: 'short' })).length, 1)
    assert.deepEqual(regressions([row(1.4)], undefined), [])
  })

  test('a bar that was not met when it was committed is no regression, a worse ratio is', () => {
    assert.deepEqual(regressions([row(1.7)], committed([row(1.6)])), [])
    assert.equal(regressions([row(2)], committed([row(1.6)])).length, 1)
  })

  test('a figure that was not measured is beyond every limit', () => {
    assert.equal(regressions([row(Number.NaN)], undefined).length, 1)
  })

  test('a row without an allowance is shown only', () => {
    const { gate: _none, ...shown } = row(9)
    assert.deepEqual(regressions([shown], committed([row(1)])), [])
  })

  test('a second measurement counts only where it is better', () => {
    assert.deepEqual(
      bestOf([row(1.5), { ...row(1), what: 'other' }], [row(1.2), { ...row(3), what: 'other' }]).map(
        ({ ratio }) => ratio,
      ),
      [1.2, 1],
    )
  })
})
