import { type Html, html } from './html.ts'

/** A time that a chart shows: Unix milliseconds at its left and at its right end. */
export interface TimeWindow {
  readonly fromMs: number
  readonly toMs: number
}

/** Where a moment stands: 0 at the left end, 1 at the right one. What lies outside stands at the end. */
export function shareOf(atMs: number, { fromMs, toMs }: TimeWindow): number {
  return Math.min(1, Math.max(0, (atMs - fromMs) / Math.max(1, toMs - fromMs)))
}

export interface Tick {
  readonly atMs: number
  readonly text: string
}

/** Round times in UTC, at most seven: 10:15; at midnight the day that begins, 11-28. */
export function ticksOf({ fromMs, toMs }: TimeWindow): Tick[] {
  const stepMs = STEPS_MS.find((step) => (toMs - fromMs) / step <= TICKS_MAX) ?? 30 * DAY_MS
  const first = Math.ceil(fromMs / stepMs) * stepMs
  const count = Math.max(0, Math.floor((toMs - first) / stepMs) + 1)
  return Array.from({ length: Math.min(count, TICKS_MAX + 1) }, (_, at) => {
    const atMs = first + at * stepMs
    const iso = new Date(atMs).toISOString()
    return { atMs, text: atMs % DAY_MS === 0 ? iso.slice(5, 10) : iso.slice(11, 16) }
  })
}

/** The times below a chart, in words that no stretching of the chart deforms. Who cannot see it has them in the chart's label. */
export function timeAxis(window: TimeWindow): Html {
  return html`<svg aria-hidden="true" class="block h-4 w-full overflow-visible">${ticksOf(window).map(
    ({ atMs, text }) =>
      html`<text x="${(shareOf(atMs, window) * 100).toFixed(2)}%" y="12" text-anchor="middle" class="fill-muted text-[0.65rem] tabular-nums">${text}</text>`,
  )}</svg>`
}

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
/** As many as stand beside each other on a phone. */
const TICKS_MAX = 6
const STEPS_MS = [MINUTE_MS, 10 * MINUTE_MS, HOUR_MS, 4 * HOUR_MS, 2 * DAY_MS, 7 * DAY_MS]
