import type { Look } from './styled-line.ts'

export interface Symbols {
  readonly done: string
  readonly current: string
  readonly toCome: string
  readonly failed: string
  readonly unknown: string
  /** Between two steps, before and after the current one. */
  readonly doneBar: string
  readonly toComeBar: string
  /** Rising heights. */
  readonly heights: readonly string[]
  /** Full and empty parts of a bar. */
  readonly full: string
  readonly empty: string
  readonly atMost: string
  readonly times: string
}

export function symbolsFor({ unicode }: Pick<Look, 'unicode'>): Symbols {
  return unicode ? UNICODE : ASCII
}

const UNICODE: Symbols = {
  done: '✔',
  current: '●',
  toCome: '○',
  failed: '✘',
  unknown: '·',
  doneBar: '━',
  toComeBar: '─',
  heights: Array.from('▁▂▃▄▅▆▇█'),
  full: '█',
  empty: '░',
  atMost: '≤',
  times: '×',
}

const ASCII: Symbols = {
  done: '+',
  current: '>',
  toCome: 'o',
  failed: 'x',
  unknown: '?',
  doneBar: '=',
  toComeBar: '-',
  heights: Array.from('_.-~=+*#'),
  full: '#',
  empty: '.',
  atMost: '<=',
  times: 'x',
}
