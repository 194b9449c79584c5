import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { lineChart } from './line-chart.ts'

function pointsOf(values: readonly (number | undefined)[], room: number): number[][] {
  const svg = lineChart({ label: 'x', values, room }).toString()
  return [...svg.matchAll(/<polyline points="([^"]*)"/g)].flatMap(([, points = '']) =>
    points.split(' ').map((point) => point.split(',').map(Number)),
  )
}

test('every value is a point within the picture, from left to right', () => {
  const value = fc.option(fc.double({ min: 0, max: 1e15, noNaN: true }), { nil: undefined })
  fc.assert(
    fc.property(fc.array(value, { maxLength: 150 }), (values) => {
      const points = pointsOf(values, 150)
      assert.equal(points.length, values.filter((one) => one !== undefined).length)
      for (const [x = -1, y = -1] of points) assert.ok(x >= 0 && x <= 300 && y >= 0 && y <= 64, `${x},${y}`)
      const xs = points.map(([x = 0]) => x)
      assert.deepEqual(
        xs,
        xs.toSorted((a, b) => a - b),
      )
    }),
  )
})

test('the newest value stands at the right end, and the highest at the top', () => {
  const points = pointsOf([0, 10, undefined, 5], 150)
  assert.equal(points.at(-1)?.[0], 300)
  assert.equal(points[1]?.[1], 2)
  assert.equal(points[0]?.[1], 63)
})
