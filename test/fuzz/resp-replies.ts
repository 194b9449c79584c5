/** Replies of a Redis server, read strictly: whatever is sent, what comes back has to be the protocol. */

export interface Replies {
  /** One for each: `+OK`, `:1`, `-ERR …`, the text of a string, or (of arrays and maps) how many are in it. */
  readonly values: readonly string[]
  /** Bytes at the end that are no whole reply. */
  readonly rest: string
}

/** @throws for bytes that cannot begin a reply */
export function readReplies(bytes: Buffer): Replies {
  const text = bytes.toString('latin1')
  const values: string[] = []
  let at = 0
  for (;;) {
    const reply = readOne(text, at)
    if (reply === undefined) return { values, rest: text.slice(at) }
    values.push(reply.value)
    at = reply.end
  }
}

interface Reply {
  readonly value: string
  readonly end: number
}

function readOne(text: string, from: number): Reply | undefined {
  const lineEnd = text.indexOf('\r\n', from)
  if (lineEnd === -1) return undefined
  const line = text.slice(from, lineEnd)
  const count = Number(line.slice(1))
  if (/^[+\-:]/.test(line) || /^_$/.test(line)) return { value: line, end: lineEnd + 2 }
  if (line === '$-1' || line === '*-1') return { value: line, end: lineEnd + 2 }
  if (/^[$=]\d+$/.test(line)) return readString(text, lineEnd + 2, count)
  if (/^[*%]\d+$/.test(line)) return readMany(text, lineEnd + 2, line)
  throw new Error(`no reply begins with ${JSON.stringify(line.slice(0, 80))}`)
}

function readString(text: string, from: number, length: number): Reply | undefined {
  if (text.length < from + length + 2) return undefined
  if (text.slice(from + length, from + length + 2) !== '\r\n') throw new Error('a string has another length')
  return { value: text.slice(from, from + length), end: from + length + 2 }
}

function readMany(text: string, from: number, line: string): Reply | undefined {
  let at = from
  const parts = Number(line.slice(1)) * (line.startsWith('%') ? 2 : 1)
  for (let i = 0; i < parts; i += 1) {
    const part = readOne(text, at)
    if (part === undefined) return undefined
    at = part.end
  }
  return { value: line, end: at }
}
