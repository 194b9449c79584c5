import type { DegradedTime } from './degraded-times.ts'
import { type Html, html } from './html.ts'
import { shareOf, type TimeWindow, ticksOf } from './time-axis.ts'

interface Picture extends TimeWindow {
  /** For screen readers. */
  readonly label: string
}

const WIDTH = 720
const NAME_WIDTH = 200
const LINE = 22
/** The tags that were degraded last; a page of more lines is no picture any more. */
export const TAGS_MAX = 40
/** A degradation of a second is still seen in a month. */
const BAR_MIN = 3

/**
 *     acme/shop/orders    ──────███──────────────██──
 *     acme/shop/events    ────────────────█──────────
 *                           10:10      10:20     10:30
 *
 * On a phone it keeps its size and is pushed sideways: smaller, nobody could read it.
 */
export function degradationBars(times: readonly DegradedTime[], { label, ...window }: Picture): Html {
  const { fromMs, toMs } = window
  const byTag = [...Map.groupBy(times, ({ tag }) => tag)]
    .sort(([, a], [, b]) => lastOf(b, toMs) - lastOf(a, toMs))
    .slice(0, TAGS_MAX)
  const scale = (WIDTH - NAME_WIDTH) / Math.max(1, toMs - fromMs)
  const lines = byTag.map(([tag, of], line) => {
    const y = line * LINE
    const bars = of.map(({ fromMs: begin, untilMs = toMs, to }) => {
      const x = NAME_WIDTH + Math.max(0, begin - fromMs) * scale
      const width = Math.max(BAR_MIN, (untilMs - Math.max(begin, fromMs)) * scale)
      return html`<rect x="${x.toFixed(1)}" y="${y + 4}" width="${width.toFixed(1)}" height="14" rx="2" class="fill-warn"><title>${to}</title></rect>`
    })
    return html`<text x="0" y="${y + 15}" class="fill-ink font-mono text-[11px]">${shortened(tag)}</text><line x1="${NAME_WIDTH}" x2="${WIDTH}" y1="${y + 11}" y2="${y + 11}" class="stroke-line"/>${bars}`
  })
  const height = byTag.length * LINE
  const ticks = ticksOf(window).map(({ atMs, text }) => {
    const x = (NAME_WIDTH + shareOf(atMs, window) * (WIDTH - NAME_WIDTH)).toFixed(1)
    return html`<line x1="${x}" x2="${x}" y1="0" y2="${height}" class="stroke-line" stroke-dasharray="2 3"/><text x="${x}" y="${height + 14}" text-anchor="middle" class="fill-muted text-[11px]">${text}</text>`
  })
  return html`<svg viewBox="0 0 ${WIDTH} ${height + LINE}" role="img" aria-label="${label}" class="w-full min-w-160 overflow-visible">${ticks}${lines}</svg>`
}

function lastOf(times: readonly DegradedTime[], nowMs: number): number {
  return times.reduce((last, { untilMs = nowMs }) => Math.max(last, untilMs), 0)
}

/** The end tells tags apart better than the beginning. */
function shortened(tag: string): string {
  return tag.length > NAME_MAX ? `…${tag.slice(1 - NAME_MAX)}` : tag
}

const NAME_MAX = 30
