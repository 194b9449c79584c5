import { type Line, span, type Tone } from './styled-line.ts'
import type { Symbols } from './symbols.ts'

export interface Point {
  /** undefined: there was none. */
  readonly value: number | undefined
  readonly tone: Tone
}

/** One column a value; full height is the limit, or the highest value where that is more or there is no limit. */
export function sparkline(
  points: readonly Point[],
  limit: number | undefined,
  { heights, unknown }: Symbols,
): Line {
  const values = points.flatMap(({ value }) => (value === undefined ? [] : [value]))
  const top = Math.max(limit ?? 0, ...values)
  return points.map(({ value, tone }) => {
    if (value === undefined || !Number.isFinite(value)) return span(unknown, 'faint')
    const share = top === 0 ? 0 : value / top
    const at = Math.min(heights.length - 1, Math.floor(share * heights.length))
    return span(heights[at] ?? unknown, tone)
  })
}
