export interface SqlStatement {
  /**
   * Each a string or name with its quotes, a word, a number, or one character of punctuation. Comments are left out, but
   * not what MySQL executes of them, behind an exclamation mark and a version.
   */
  readonly tokens: readonly string[]
  /** False for what stands after the last semicolon, and for a comment or quotes that never close. */
  readonly ended: boolean
}

/** Cuts what mysqldump writes into statements, in one pass. */
export function* sqlStatements(text: string): Generator<SqlStatement, void> {
  let tokens: string[] = []
  let inBody = false
  for (const token of tokensOf(text)) {
    const delimiter = DELIMITER.exec(token)?.[1]
    if (delimiter === undefined && (token !== ';' || inBody)) {
      tokens.push(token)
      continue
    }
    if (tokens.length > 0) yield { tokens, ended: delimiter === undefined || inBody }
    tokens = []
    // Between "DELIMITER ;;" and "DELIMITER ;" stand triggers and routines, with statements of their own in them.
    inBody = delimiter !== undefined && delimiter !== ';'
  }
  if (tokens.length > 0) yield { tokens, ended: false }
}

/** What stands between the quotes, escapes as they are: what is asked for here needs none. */
export function unquoted(token: string): string {
  return isQuoted(token) ? token.slice(1, -1) : token
}

export function isQuoted(token: string): boolean {
  return QUOTES.includes(token.charAt(0))
}

function* tokensOf(text: string): Generator<string, void> {
  // Ends: each round moves forward in the text.
  for (let at = 0; at < text.length; ) {
    const passedOver = spaceAt(text, at)
    const token = passedOver > 0 ? undefined : tokenAt(text, at)
    if (token !== undefined) yield token
    at += token?.length ?? passedOver
  }
}

/** How much white space or comment begins here: none, if a comment never closes. */
function spaceAt(text: string, at: number): number {
  const length = matchAt(SPACE, text, at).length
  if (length > 0 || !text.startsWith('/*', at)) return length
  const close = text.indexOf('*/', at + 2)
  return close < 0 ? 0 : close + 2 - at
}

function tokenAt(text: string, at: number): string {
  if (isQuoted(text.charAt(at))) return text.slice(at, endOfQuoted(text, at))
  // A comment that never closes hides all the rest.
  if (text.startsWith('/*', at)) return text.slice(at)
  return matchAt(DELIMITER_LINE, text, at) || matchAt(BARE, text, at)
}

/** Where the string or name that opens here ends; the end of the text, where it never closes. */
function endOfQuoted(text: string, open: number): number {
  const quote = text.charAt(open)
  for (let at = open + 1; at < text.length; at += 1) {
    const character = text.charAt(at)
    if (character === '\\' && quote !== '`') at += 1
    else if (character === quote && text.charAt(at + 1) === quote) at += 1
    else if (character === quote) return at + 1
  }
  return text.length
}

function matchAt(sticky: RegExp, text: string, at: number): string {
  sticky.lastIndex = at
  return sticky.exec(text)?.[0] ?? ''
}

const QUOTES = ['"', "'", '`']
/** White space, a comment to the end of its line, and the marks around what MySQL or MariaDB executes. */
const SPACE = /\s+|(?:--(?=\s|$)|#)[^\n]*|\/\*M?!\d*(?:\\-[^\n]*)?|\*\//y
const DELIMITER_LINE = /^delimiter[ \t].*/imy
const DELIMITER = /^delimiter[ \t]+(\S+)/i
/** A number, a word, or any other character. */
const BARE = /[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?(?![\w$.])|[\w$\u0080-\uffff]+|[^]/iy
