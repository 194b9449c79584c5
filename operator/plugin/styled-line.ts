import { columnsOf, firstColumns } from './text-columns.ts'

/** What a piece of text means; how that looks is decided when it is printed. */
export type Tone = 'plain' | 'strong' | 'faint' | 'good' | 'bad' | 'wait' | 'name'

export interface Span {
  readonly text: string
  readonly tone: Tone
}

export type Line = readonly Span[]

/** What the terminal can do. */
export interface Look {
  readonly colour: boolean
  readonly unicode: boolean
  /** Columns; Infinity where the output is no terminal, so that nothing is cut for a program that reads it. */
  readonly width: number
}

export function span(text: string, tone: Tone = 'plain'): Span {
  return { text, tone }
}

/** Spans and plain texts in a row. */
export function line(...parts: readonly (Span | string)[]): Line {
  return parts.map((part) => (typeof part === 'string' ? span(part) : part))
}

export function lengthOf(one: Line): number {
  return one.reduce((sum, { text }) => sum + columnsOf(text), 0)
}

/** The text of all lines, none wider than the terminal, ending with a line break. */
export function print(lines: readonly Line[], look: Look): string {
  return lines.map((one) => `${printLine(one, look)}\n`).join('')
}

function printLine(one: Line, look: Look): string {
  return cut(one, look)
    .map(({ text, tone }) => {
      // Messages come from anywhere: none may move the cursor or set colours of its own.
      const safe = text.replace(/[\p{Cc}\p{Cf}]+/gu, ' ')
      const code = look.colour ? CODES[tone] : undefined
      return code === undefined || safe.trim() === '' ? safe : `\u001b[${code}m${safe}\u001b[0m`
    })
    .join('')
    .trimEnd()
}

function cut(one: Line, { width, unicode }: Look): Line {
  if (lengthOf(one) <= width) return one
  const mark = unicode ? '…' : '~'
  let left = Math.max(0, width - 1)
  const kept: Span[] = []
  for (const { text, tone } of one) {
    const part = firstColumns(text, left)
    left -= columnsOf(part)
    kept.push({ text: part, tone })
    // What comes after a cut must not close up to it.
    if (part !== text) break
  }
  return [...kept, span(mark, 'faint')]
}

/** Text over as many lines as it needs, each behind `indent` columns. */
export function wrapped(text: string, look: Look, indent: number, tone: Tone = 'plain'): Line[] {
  const room = Math.max(20, look.width - indent)
  const lines: string[] = []
  let current = ''
  for (const word of text.split(/\s+/)) {
    if (current !== '' && columnsOf(current) + 1 + columnsOf(word) > room) {
      lines.push(current)
      current = word
    } else current = current === '' ? word : `${current} ${word}`
  }
  return [...lines, current].map((part) => line(' '.repeat(indent), span(part, tone)))
}

/** ANSI's "select graphic rendition": the eight basic colours, which every theme makes readable. */
const CODES: Readonly<Partial<Record<Tone, string>>> = {
  strong: '1',
  faint: '2',
  good: '32',
  bad: '31',
  wait: '33',
  name: '36',
}
