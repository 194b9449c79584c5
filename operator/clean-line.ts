/**
 * A line of the log as it may be read by anybody: without secrets that stand inside longer texts, as the errors of
 * drivers and libraries carry them, and without characters that a terminal obeys. The line is JSON whose control
 * characters below U+0020 are escaped already, so what is left of them stands inside strings. docs/logs.md lists what is hidden.
 */
export function cleanLine(line: string): string {
  let clean = withoutNamed(line)
  for (const [secret, shown] of SECRETS) clean = clean.replace(secret, shown)
  return clean.replace(OBEYED, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** Secrets that are known by their form. */
const SECRETS: readonly (readonly [RegExp, string])[] = [
  // postgres://user:secret@host: all up to the last @ before the host ends, for an @ of the secret itself.
  [/(\b[a-z][a-z0-9+.-]{1,20}:\/\/[^\s:/@"\\]{0,200}):[^\s/"\\]{1,500}@/gi, '$1:[hidden]@'],
  [/\b([Bb]earer|Basic) [A-Za-z0-9._~+/=-]{16,1000}/g, '$1 [hidden]'],
  // A key of ours: its id may be seen, what it proves not.
  [/\b(idg_[a-z0-9]{12}_)[A-Za-z0-9_-]{8,200}/g, '$1[hidden]'],
]

/**
 * Names of secrets with what stands between them and their value, whatever stands before: PGPASSWORD=, smtp_auth_password: and
 * \"password\": of JSON within a text. Backslashes and quote after a name are caught. Those of headers only as names of
 * JSON: in a sentence they are common.
 */
const NAMED =
  /(?:(?:pass(?:word|wd|phrase)|pwd|secret|token|(?:api|access|admin|audit|leaf|secret)[_-]?key|keytext)(?:(\\{0,15})(["']))?|(?:authorization|cookie)(\\{0,15})(["'])) {0,3}([:=]) {0,3}/gi

/** What follows a name is looked at once: a line of any length costs its length. */
function withoutNamed(line: string): string {
  let clean = ''
  let done = 0
  for (const match of line.matchAll(NAMED)) {
    // It is part of the value of the one before.
    if (match.index < done) continue
    const [named, escapes = '', mark = '', headerEscapes = '', headerMark = '', separator = ''] = match
    const key = quoteOf(mark + headerMark, escapes.length + headerEscapes.length)
    const { from, to, isWord } = valueAt(line, match.index + named.length, key, separator)
    if (to === from) continue
    // A number of JSON becomes a text of JSON.
    const quote = isWord ? key : ''
    clean += `${line.slice(done, from)}${quote}[hidden]${quote}`
    done = to
  }
  return clean + line.slice(done)
}

interface Value {
  readonly from: number
  /** `from`: there is none. */
  readonly to: number
  /** Without quotes around it. */
  readonly isWord: boolean
}

/** `key`: the quote that ended the name; '': none. */
function valueAt(line: string, at: number, key: string, separator: string): Value {
  const escapes = backslashesAt(line, at)
  const mark = line[at + escapes]
  const from = at + escapes + 1
  if (mark === "'") return { from, to: endOfQuoted(line, from), isWord: false }
  const depth = depthOf(escapes)
  // A quote without a backslash is the end of the line's text, but for that of a name that was quoted alike.
  if (mark === '"' && (depth > 0 || (escapes === 0 && key === '"')))
    return { from, to: endOfText(line, from, depth), isWord: false }
  const to = NO_WORD.test(line.slice(at, at + 6)) ? at : endOfWord(line, at, separator)
  return { from: at, to, isWord: true }
}

/** Lists, objects and what says that there is no value stay as they are. */
const NO_WORD = /^(?:[[{]|(?:null|true|false)(?![A-Za-z0-9]))/

/**
 * How deep a double quote with so many backslashes before it lies in JSON within texts of JSON: `"` 0, `\"` 1, `\\\"` 2. In
 * each text they are twice as many and one, so it is the number of ones at the end of the binary number; the rest are backslashes
 * of the text.
 */
function depthOf(escapes: number): number {
  return 31 - Math.clz32((escapes & ~(escapes + 1)) + 1)
}

function quoteOf(mark: string, escapes: number): string {
  return mark === '"' ? `${'\\'.repeat(2 ** depthOf(escapes) - 1)}"` : mark
}

/** Of a text that began with a quote of this depth: at the next one as deep, or at one that is not, where an outer text ends. */
function endOfText(line: string, from: number, depth: number): number {
  let run = 0
  for (let at = from; at < line.length; at += 1) {
    const char = line[at]
    if (char === '\\') run += 1
    else if (char === '"' && depthOf(run) <= depth) return at - (2 ** depthOf(run) - 1)
    else run = 0
  }
  return line.length
}

/** In single quotes, as in connection strings: a backslash hides one of them. The line's text ends it in any case. */
function endOfQuoted(line: string, from: number): number {
  let run = 0
  for (let at = from; at < line.length; at += 1) {
    const char = line[at]
    if (char === '\\') run += 1
    else if ((char === "'" && run === 0) || (char === '"' && depthOf(run) === 0)) return at
    else run = 0
  }
  return line.length
}

function endOfWord(line: string, from: number, separator: string): number {
  const stops = separator === '=' ? ' \t\r\n&;"\'' : ' \t\r\n&;"\',}]'
  for (let at = from; at < line.length; at += 1) {
    if (stops.includes(line[at] ?? '')) return at
    const run = backslashesAt(line, at)
    if (run === 0) continue
    // A quote or a break of the line that is escaped ends it; a backslash of its own does not.
    const next = line[at + run] ?? ''
    if (next === '"' || (run % 2 === 1 && 'ntrfbu'.includes(next))) return at
    at += run - 1
  }
  return line.length
}

function backslashesAt(line: string, at: number): number {
  let run = 0
  while (line[at + run] === '\\') run += 1
  return run
}

/**
 * DEL and the C1 controls, which begin escape sequences in some terminals, the separators that end a line for some
 * readers, and marks that turn the direction of text, so that a line reads as something else.
 */
const OBEYED = /[\u007f-\u009f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g
