import { isQuoted, unquoted } from './sql-statements.ts'

export interface TablePlace {
  readonly database: string | undefined
  readonly table: string
  /** The token behind its name. */
  readonly after: number
}

/** The table that an INSERT or REPLACE at this place fills. */
export function filledAt(tokens: readonly string[], at: number): TablePlace | undefined {
  if (!FILLS.test(tokens[at] ?? '')) return undefined
  let next = at + 1
  while (FILLS_HOW.test(tokens[next] ?? '')) next += 1
  return tableAt(tokens, next)
}

export function tableAt(tokens: readonly string[], at: number): TablePlace {
  return tokens[at + 1] === '.'
    ? { database: nameIn(tokens[at]), table: nameIn(tokens[at + 2]), after: at + 3 }
    : { database: undefined, table: nameIn(tokens[at]), after: at + 1 }
}

/** A list in brackets: names of columns, or plain values. */
export function listAt(
  tokens: readonly string[],
  at: number,
): { items: string[]; after: number } | undefined {
  const items: string[] = []
  if (tokens[at] !== '(') return undefined
  for (let next = at + 1; next < tokens.length; next += 2) {
    if (CHARACTER_SET.test(tokens[next] ?? '') && isQuoted(tokens[next + 1] ?? '')) next += 1
    const item = tokens[next] ?? ''
    const separator = tokens[next + 1]
    if (PUNCTUATION.test(item) || (separator !== ',' && separator !== ')')) return undefined
    items.push(item)
    if (separator === ')') return { items, after: next + 2 }
  }
  return undefined
}

/** Names of the columns of a CREATE TABLE; none, where it copies another table. */
export function columnsFrom(tokens: readonly string[], open: number): string[] {
  const names: string[] = []
  let depth = 0
  for (let at = open; at < tokens.length; at += 1) {
    const token = tokens[at]
    if (token === '(') depth += 1
    if (token === ')') depth -= 1
    if (depth === 0) break
    const next = tokens[at + 1] ?? ''
    if (depth === 1 && (at === open || token === ',') && !KEY.test(next)) names.push(nameIn(next))
  }
  return names
}

export function isWord(token: string | undefined, word: string): boolean {
  return token?.toLowerCase() === word
}

export function nameIn(token: string | undefined): string {
  return unquoted(token ?? '').toLowerCase()
}

const FILLS = /^(?:insert|replace)$/i
const FILLS_HOW = /^(?:low_priority|high_priority|delayed|ignore|into)$/i
const KEY = /^(?:primary|key|unique|index|constraint|fulltext|spatial|foreign|check|period)$/i
const CHARACTER_SET = /^_\w+$/
const PUNCTUATION = /^[^\w$\u0080-\uffff]?$/
