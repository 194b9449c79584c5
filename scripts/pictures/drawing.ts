import { CHART_STYLE, escaped, fixed } from '../../service/load/chart-frame.ts'

/** What drawn pictures of the documents are put together from: SVG that follows the reader's light or dark, as the curves do. */

export type Tone = 'good' | 'wait' | 'bad' | 'none' | 'plain'

/** A picture from its parts; `title` is also what a screen reader says. Lengths are pixels. */
export function picture(
  { title, sub, width, height }: { title: string; sub: string; width: number; height: number },
  parts: readonly string[],
): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>${escaped(title)}</title>`,
    `<style>${CHART_STYLE} ${STYLE}</style>`,
    ARROW_HEAD,
    `<rect class="ground" width="${width}" height="${height}"/>`,
    text(MARGIN, 32, title, 'head'),
    text(MARGIN, 54, sub, 'tick'),
    ...parts,
    '</svg>',
    '',
  ].join('\n')
}

export function text(x: number, y: number, content: string, kind = ''): string {
  return `<text${kind === '' ? '' : ` class="${kind}"`} x="${fixed(x)}" y="${fixed(y)}">${escaped(content)}</text>`
}

/** A box with lines of text in it; `strong`: the first of them is. @throws where a line would stand out of it */
export function box(
  { x, y, width, height }: { x: number; y: number; width: number; height: number },
  lines: readonly string[],
  { tone = 'plain', strong = false }: { tone?: Tone; strong?: boolean } = {},
): string {
  for (const [i, line] of lines.entries())
    if (line.length * (strong && i === 0 ? STRONG_CHAR_PX : CHAR_PX) > width - 2 * PAD)
      throw new Error(`${JSON.stringify(line)} does not fit into ${width} px: shorten it or break the line`)
  const top = y + (height - lines.length * LINE) / 2 + LINE - 5
  return [
    `<rect class="box ${tone}" x="${fixed(x)}" y="${fixed(y)}" width="${fixed(width)}" height="${fixed(height)}" rx="8"/>`,
    ...lines.map((line, i) => text(x + PAD, top + i * LINE, line, strong && i === 0 ? 'panel' : '')),
  ].join('\n')
}

export function arrow(fromX: number, fromY: number, toX: number, toY: number): string {
  return `<line class="arrow" x1="${fixed(fromX)}" y1="${fixed(fromY)}" x2="${fixed(toX)}" y2="${fixed(toY)}" marker-end="url(#head)"/>`
}

export const MARGIN = 24
/** Where what is drawn begins, below the heading. */
export const TOP = 76
const LINE = 18
const PAD = 10
/** Of the widest of the fonts that the style names, on average. */
const CHAR_PX = 6.7
const STRONG_CHAR_PX = 8

const ARROW_HEAD =
  '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path class="tip" d="M0,0 L8,4 L0,8 z"/></marker></defs>'

/** Each tone differs in its words too, so nobody needs to tell the colours apart. */
const STYLE = `.box { stroke-width: 1.2; fill: #f6f8fa; stroke: #d1d9e0 } .arrow { stroke: #59636e; stroke-width: 1.5 } .tip { fill: #59636e }
.good { fill: #dafbe1; stroke: #4ac26b } .wait { fill: #fff8c5; stroke: #d4a72c } .bad { fill: #ffebe9; stroke: #ff8182 } .none { fill: none; stroke: none }
@media (prefers-color-scheme: dark) {
.box { fill: #161b22; stroke: #3d444d } .arrow { stroke: #9198a1 } .tip { fill: #9198a1 }
.good { fill: #12321e; stroke: #2ea043 } .wait { fill: #3a2d0a; stroke: #bb8009 } .bad { fill: #4a1518; stroke: #f85149 } .none { fill: none; stroke: none }
}`
