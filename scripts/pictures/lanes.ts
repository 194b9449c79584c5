import { arrow, box, MARGIN, picture, TOP, type Tone, text } from './drawing.ts'

/** Boxes of one row, from left to right; `name` stands above it. */
export interface Lane {
  readonly name?: string
  readonly boxes: readonly Step[]
}

export interface Step {
  /** The first is strong. */
  readonly lines: readonly string[]
  readonly tone?: Tone
}

/**
 * What follows on what, a row for each case:
 *
 *     name of the case
 *     ┌─────────┐    ┌─────────┐    ┌─────────┐
 *     │ first   │ ─▶ │ then    │ ─▶ │ then    │
 *     └─────────┘    └─────────┘    └─────────┘
 */
export function drawLanes(title: string, sub: string, lanes: readonly Lane[]): string {
  const columns = Math.max(...lanes.map(({ boxes }) => boxes.length))
  const width = (WIDTH - 2 * MARGIN - (columns - 1) * GAP) / columns
  const parts: string[] = []
  let y = TOP
  for (const { name, boxes } of lanes) {
    if (name !== undefined) {
      parts.push(text(MARGIN, y + 12, name, 'panel'))
      y += NAME_HEIGHT
    }
    const height = 26 + 18 * Math.max(...boxes.map(({ lines }) => lines.length))
    for (const [i, { lines, tone }] of boxes.entries()) {
      const x = MARGIN + i * (width + GAP)
      if (i > 0) parts.push(arrow(x - GAP + 4, y + height / 2, x - 4, y + height / 2))
      parts.push(box({ x, y, width, height }, lines, { strong: true, ...(tone && { tone }) }))
    }
    y += height + LANE_GAP
  }
  return picture({ title, sub, width: WIDTH, height: y + MARGIN - LANE_GAP }, parts)
}

const WIDTH = 1100
const GAP = 36
const LANE_GAP = 18
const NAME_HEIGHT = 22
