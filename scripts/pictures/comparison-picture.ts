import { box, MARGIN, picture, TOP, type Tone, text } from './drawing.ts'

/** The part of docs/comparison.md's table that is about IDs given twice, drawn: who holds, who stops, who may repeat. */

type Cell = readonly [tone: Tone, ...lines: string[]]

const SERVICES = ['idgen', 'Leaf', 'tinyid', 'uid-generator', 'CosId', 'sonyflake', 'PD TSO'] as const

const NOTHING: Cell = ['none', '–']

/** By the first column of the table; test: each row is there. One cell for each service. */
export const FAULTS: Readonly<Record<string, readonly Cell[]>> = {
  'clock steps back': [
    ['good', 'goes on in order,', 'or degrades'],
    ['wait', 'waits 5 ms,', 'then error'],
    NOTHING,
    ['wait', 'throws, or ignores', 'the clock'],
    ['wait', 'sleeps 0.5 s,', 'then throws'],
    ['wait', 'sleeps the', 'whole step'],
    ['good', 'never goes back'],
  ],
  'process paused past its lease': [
    ['good', 'cannot extend, uses', 'what it was granted'],
    NOTHING,
    NOTHING,
    NOTHING,
    ['wait', 'newer source refuses', '(3.2.1 goes on)'],
    NOTHING,
    ['good', 'checks its lease', 'after forming'],
  ],
  'database loses commits': [
    ['good', 'noticed, goes on', 'above'],
    ['bad', 'no defence'],
    ['bad', 'no defence'],
    ['bad', 'no defence'],
    ['bad', 'no defence'],
    NOTHING,
    ['none', 'etcd is the store'],
  ],
  'restart within unsaved time': [
    ['good', 'begins at the end', 'of what was granted'],
    ['bad', 'possible repeat'],
    NOTHING,
    ['good', 'another worker id', 'each start'],
    ['bad', 'possible repeat'],
    ['bad', 'possible repeat'],
    ['good', 'saved ahead'],
  ],
  'who may use a worker id': [
    ['good', 'who won the', 'compare-and-set'],
    ['good', 'one a host and port,', 'never returned'],
    NOTHING,
    ['wait', 'a row a start,', 'used up in the end'],
    ['wait', 'newer source refuses', '(3.2.1 logs a loss)'],
    ['bad', 'who has that', 'address'],
    ['good', 'leader by lease'],
  ],
  'when the time bits end': [
    ['wait', 'refused, told', 'years ahead'],
    ['bad', 'wraps'],
    NOTHING,
    ['bad', 'the default throws,', 'cached: negative'],
    ['wait', 'throws'],
    ['wait', 'error'],
    ['good', 'after the year 3000'],
  ],
}

export function comparisonPicture(): string {
  const parts: string[] = SERVICES.map((name, i) => text(cellX(i) + 10, TOP + 16, name, 'panel'))
  for (const [row, [fault, cells]] of Object.entries(FAULTS).entries()) {
    const y = TOP + HEAD + row * (ROW + GAP)
    parts.push(text(MARGIN, y + ROW / 2 + 4, fault, 'panel'))
    for (const [i, [tone, ...lines]] of cells.entries())
      parts.push(box({ x: cellX(i), y, width: CELL, height: ROW }, lines, { tone }))
  }
  const y = TOP + HEAD + Object.keys(FAULTS).length * (ROW + GAP) + 8
  const keys: readonly Cell[] = [
    ['good', 'no ID twice, IDs go on'],
    ['wait', 'no ID twice by this, but it stops'],
    ['bad', 'may come twice, or is wrong'],
  ]
  for (const [i, [tone, line = '']] of keys.entries())
    parts.push(box({ x: MARGIN + i * 270, y, width: 256, height: 32 }, [line], { tone }))
  parts.push(text(MARGIN + 3 * 270, y + 20, '–  the question does not arise', 'tick'))
  return picture(
    {
      title: 'What happens to IDs when something fails',
      sub: 'Read in the sources of each, at the commits and in the files that the page names.',
      width: cellX(SERVICES.length - 1) + CELL + MARGIN,
      height: y + 32 + MARGIN,
    },
    parts,
  )
}

function cellX(column: number): number {
  return MARGIN + LABEL + column * (CELL + GAP)
}

const LABEL = 224
const CELL = 156
const ROW = 50
const GAP = 6
const HEAD = 28
