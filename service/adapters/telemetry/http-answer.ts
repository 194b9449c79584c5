/** What a server answered over HTTP/1.1. */
export interface HttpAnswer {
  readonly status: number
  /** Names in lower case; of several with one name the last. */
  readonly headers: ReadonlyMap<string, string>
  /** BODY_MAX bytes of it at most. */
  readonly text: string
  /** Whether the connection is good for another request. */
  readonly keep: boolean
}

/**
 * Reads the answer to one request that was no HEAD. `bytes` is all that came so far, `ended`: no more will come.
 * @returns undefined: it is not whole yet
 * @throws when this is no HTTP, or ended in the middle
 */
export function readHttpAnswer(bytes: Buffer, ended: boolean, interim = 0): HttpAnswer | undefined {
  const headEnd = bytes.indexOf(HEAD_END)
  if (headEnd > HEAD_MAX || (headEnd < 0 && bytes.length > HEAD_MAX))
    throw new Error(`it answered with a head of more than ${HEAD_MAX} bytes`)
  if (headEnd < 0) return unfinished(ended)
  const [first = '', ...lines] = bytes.toString('latin1', 0, headEnd).split('\r\n')
  const [, version, digits] = STATUS_LINE.exec(first) ?? []
  if (digits === undefined) throw new Error('what it answered is no HTTP/1.1')
  const status = Number(digits)
  const rest = bytes.subarray(headEnd + HEAD_END.length)
  // 100 Continue and the like come before the answer.
  if (status < 200 && interim < INTERIM_MAX) return readHttpAnswer(rest, ended, interim + 1)
  const headers = headersOf(lines)
  const body = status === 204 || status === 304 ? withLength(rest, 0) : bodyOf(rest, headers, ended)
  if (body === undefined) return unfinished(ended)
  const text = body.bytes.toString('utf8', 0, BODY_MAX)
  const mayStay = version === '1' && !/\bclose\b/i.test(headers.get('connection') ?? '')
  // What comes after the answer nobody asked for.
  return { status, headers, text, keep: mayStay && body.end === rest.length }
}

interface Body {
  readonly bytes: Buffer
  /** Where the answer ends; undefined: that is not known, or was not waited for. */
  readonly end: number | undefined
}

function bodyOf(rest: Buffer, headers: HttpAnswer['headers'], ended: boolean): Body | undefined {
  const coding = headers.get('transfer-encoding')
  const length = headers.get('content-length')
  const body =
    coding !== undefined
      ? chunkedBody(rest)
      : length === undefined
        ? untilEnd(rest, ended)
        : withLength(rest, lengthOf(length))
  // The status is known, and whoever writes so much is not listened to.
  return body ?? (rest.length > BODY_MAX ? { bytes: rest, end: undefined } : undefined)
}

function withLength(rest: Buffer, length: number): Body | undefined {
  return rest.length < length ? undefined : { bytes: rest.subarray(0, length), end: length }
}

function untilEnd(rest: Buffer, ended: boolean): Body | undefined {
  return ended ? { bytes: rest, end: undefined } : undefined
}

function chunkedBody(rest: Buffer): Body | undefined {
  const chunks: Buffer[] = []
  // Ends: each round is at least three bytes further on.
  for (let at = 0; ; ) {
    const lineEnd = rest.indexOf('\r\n', at)
    if (lineEnd < 0) return undefined
    const [, digits] = CHUNK_LINE.exec(rest.toString('latin1', at, lineEnd)) ?? []
    if (digits === undefined) throw new Error('it answered with a chunk of no length')
    const size = Number.parseInt(digits, 16)
    if (size === 0) {
      // Headers may follow the last one.
      const end = rest.indexOf(HEAD_END, lineEnd)
      return end < 0 ? undefined : { bytes: Buffer.concat(chunks), end: end + HEAD_END.length }
    }
    const from = lineEnd + 2
    if (rest.length < from + size + 2) return undefined
    chunks.push(rest.subarray(from, from + size))
    at = from + size + 2
  }
}

function headersOf(lines: readonly string[]): Map<string, string> {
  return new Map(
    lines.map((line) => {
      const colon = line.indexOf(':')
      return [line.slice(0, Math.max(0, colon)).toLowerCase(), line.slice(colon + 1).trim()]
    }),
  )
}

function lengthOf(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new Error('it answered with a content-length that is none')
  return Number(text)
}

function unfinished(ended: boolean): undefined {
  if (ended) throw new Error('it ended the connection in the middle of its answer')
  return undefined
}

const HEAD_END = '\r\n\r\n'
const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: |$)/
const CHUNK_LINE = /^([0-9a-f]{1,8})(?:\s*;.*)?$/i
/** None was asked for. */
const INTERIM_MAX = 4
/** As Node's own client has it. */
const HEAD_MAX = 16_384
/** A sentence on what was wrong; of a page about it the beginning. */
const BODY_MAX = 65_536
