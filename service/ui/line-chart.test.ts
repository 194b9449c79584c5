import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { lineChart, type Stretch } from './line-chart.ts'

const WINDOW = { fromMs: 0, toMs: 300_000 }

/** A value each two seconds, the last ending with the window. */
function stretchesOf(values: readonly (number | undefined)[]): Stretch[] {
  return values.map((value, at) => {
    const untilMs = WINDOW.toMs - (values.length - 1 - at) * 2000
    return { fromMs: untilMs - 2000, untilMs, value }
  })
}

function linesOf(values: readonly (number | undefined)[]): number[][][] {
  const stretches = stretchesOf(values)
  const svg = lineChart({ label: 'x', window: WINDOW, stretches, unknown: [] }).toString()
  return [...svg.matchAll(/<polyline points="([^"]*)"/g)].map(([, points = '']) =>
    points.split(' ').map((point) => point.split(',').map(Number)),
  )
}

test('every value is a point within the picture, from left to right', () => {
  const value = fc.option(fc.double({ min: 0, max: 1e15, noNaN: true }), { nil: undefined })
  fc.assert(
    fc.property(fc.array(value, { maxLength: 150 }), (values) => {
      const lines = linesOf(values)
      const points = lines.flat()
      assert.equal(points.length, values.filter((one) => one !== undefined).length + lines.length)
      for (const [x = -1, y = -1] of points) assert.ok(x >= 0 && x <= 300 && y >= 0 && y <= 64, `${x},${y}`)
      const xs = points.map(([x = 0]) => x)
      assert.deepEqual(
        xs,
        xs.toSorted((a, b) => a - b),
      )
    }),
  )
})

test('the newest value ends at the right end, and the highest is at the top', () => {
  const [first = [], second = []] = linesOf([0, 10, undefined, 5])
  assert.equal(second.at(-1)?.[0], 300)
  assert.equal(first.at(-1)?.[1], 2)
  assert.equal(first[0]?.[1], 63)
})

test('one value alone is a line as long as it held', () => {
  assert.deepEqual(linesOf([undefined, 5]), [
    [
      [298, 2],
      [300, 2],
    ],
  ])
})

test('what is not known is shaded, and what began before the window begins with it', () => {
  const svg = lineChart({
    label: 'x',
    window: WINDOW,
    stretches: [{ fromMs: -5000, untilMs: 150_000, value: 1 }],
    unknown: [{ fromMs: 150_000, untilMs: 200_000 }],
  }).toString()
  assert.match(svg, /<rect x="150" y="0" width="50" height="64"/)
  assert.match(svg, /<polyline points="0,2 150,2"/)
})
