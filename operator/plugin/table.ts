import { type Line, type Look, lengthOf, line, type Span, span } from './styled-line.ts'
import { columnsOf, firstColumns, lastColumns } from './text-columns.ts'

export type Cell = Line | Span | string

/** Columns as wide as their widest cell, two blanks apart, the last as wide as it is; two blanks in front. */
export function table(header: readonly string[], rows: readonly (readonly Cell[])[], look: Look): Line[] {
  const all = [header.map((name) => line(span(name, 'faint'))), ...rows.map((row) => row.map(lineOf))]
  const widths = header.map((_name, at) => Math.max(...all.map((row) => lengthOf(row[at] ?? []))))
  const spare = look.width - GAP - widths.reduce((sum, width) => sum + width + GAP, -GAP)
  // Where the terminal is narrow, columns that say little are not cut for one that says much.
  const widest = widths.indexOf(Math.max(...widths))
  if (spare < 0) widths[widest] = Math.max(MIN_WIDTH, (widths[widest] ?? 0) + spare)
  return all.map((row) =>
    row.flatMap((cell, at): Line => {
      const width = widths[at] ?? 0
      const last = at === header.length - 1
      const shown = shortened(cell, width, look)
      return [span(' '.repeat(GAP)), ...shown, ...(last ? [] : [span(' '.repeat(width - lengthOf(shown)))])]
    }),
  )
}

function lineOf(cell: Cell): Line {
  if (typeof cell === 'string') return line(cell)
  return 'text' in cell ? [cell] : cell
}

function shortened(cell: Line, width: number, look: Look): Line {
  if (lengthOf(cell) <= width) return cell
  return [span(withoutMiddle(cell.map((part) => part.text).join(''), width, look), cell[0]?.tone)]
}

/** What does not fit loses its middle: images and names differ at their ends. */
export function withoutMiddle(text: string, width: number, { unicode }: Look): string {
  if (columnsOf(text) <= width) return text
  const front = firstColumns(text, Math.floor((width - 1) / 3))
  const mark = unicode ? '…' : '~'
  const back = lastColumns(text, width - 1 - columnsOf(front))
  return front + mark + back
}

const GAP = 2
const MIN_WIDTH = 12
