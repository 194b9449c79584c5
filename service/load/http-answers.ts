import { type AnswerReader, type AnswerSink, MALFORMED } from './answer-sink.ts'
import { readId, readRunText } from './id-text.ts'

/**
 * Answers of the ids route over HTTP/1.1, pipelined or not, read in place: the end of the head, the status, the length
 * of the body, and the digits of the IDs. An answer without content-length is refused: this route always has one.
 */
export class HttpAnswers implements AnswerReader {
  needed = 1
  closing = false
  /** Where the length stood in the last head: the heads of one server look alike. */
  #lengthAt = 0
  /** Of the last head that was searched for `connection: close`. */
  #headLength = 0

  read(bytes: Buffer, to: number, sink: AnswerSink): number {
    let from = 0
    this.needed = 1
    while (from < to && !this.closing) {
      const headEnd = bytes.indexOf(HEAD_END, from)
      if (headEnd < 0 || headEnd + HEAD_END.length > to) {
        if (to - from > HEAD_MAX) throw new Error(`an HTTP head of more than ${HEAD_MAX} bytes`)
        return from
      }
      const status = statusOf(bytes, from)
      const body = headEnd + HEAD_END.length
      const end = body + this.#bodyLength(bytes, from, headEnd)
      if (end > to) {
        this.needed = end - from
        return from
      }
      if (status === 200) readBody(bytes, body, end, sink)
      else refuse(status, bytes.toString('utf8', body, Math.min(end, body + TEXT_MAX)), sink)
      // A head that says so is shorter than those before it, whose length is the same but for the digits of the body's.
      if (headEnd - from !== this.#headLength) this.#closes(bytes, from, headEnd)
      from = end
    }
    return from
  }

  #closes(bytes: Buffer, from: number, headEnd: number): void {
    this.closing = /\r\nconnection: *close/i.test(bytes.toString('latin1', from, headEnd))
    this.#headLength = headEnd - from
  }

  #bodyLength(bytes: Buffer, from: number, headEnd: number): number {
    const known = from + this.#lengthAt
    let at = this.#lengthAt > 0 && isLengthLine(bytes, known) ? known : -1
    for (let i = from; at < 0 && i < headEnd; i += 1)
      if (bytes[i] === LF && isLengthLine(bytes, i + 1)) at = i + 1
    if (at < 0)
      throw new Error(
        `an answer without content-length: ${JSON.stringify(bytes.toString('latin1', from, Math.min(headEnd, from + TEXT_MAX)))}`,
      )
    this.#lengthAt = at - from
    let length = 0
    for (let i = at + LENGTH.length; bytes[i] !== CR; i += 1) {
      const digit = (bytes[i] as number) - ZERO
      if (digit === BLANK - ZERO) continue
      if (!(digit >= 0 && digit <= 9) || length > BODY_MAX) throw new Error('a content-length that is none')
      length = length * 10 + digit
    }
    return length
  }
}

/** `{"ids":["1","2"],…}` or `{"runs":[["1",2]],…}`. */
function readBody(bytes: Buffer, from: number, to: number, sink: AnswerSink): void {
  const read = startsWith(bytes, from, IDS)
    ? readIds(bytes, from + IDS.length, to, sink)
    : readOther(bytes, from, to, sink)
  if (read) sink.answered()
  else sink.refused(MALFORMED, bytes.toString('utf8', from, Math.min(to, from + TEXT_MAX)))
}

/** `at` is behind the first quote of `"1","2"]`. */
function readIds(bytes: Buffer, at: number, to: number, sink: AnswerSink): boolean {
  for (let begin = at; ; ) {
    let end = begin
    while (end < to && bytes[end] !== QUOTE) end += 1
    if (end + 1 >= to || !readId(bytes, begin, end, sink)) return false
    if (bytes[end + 1] === CLOSE_BRACKET) return true
    if (bytes[end + 1] !== COMMA || bytes[end + 2] !== QUOTE) return false
    begin = end + 3
  }
}

/** Runs, or the members in another order than our servers write them. */
function readOther(bytes: Buffer, from: number, to: number, sink: AnswerSink): boolean {
  let body: { readonly ids?: unknown; readonly runs?: unknown }
  try {
    body = JSON.parse(bytes.toString('utf8', from, to)) as typeof body
  } catch {
    return false
  }
  if (body === null || typeof body !== 'object') return false
  if (Array.isArray(body.ids))
    return body.ids.every((id) => {
      const text = Buffer.from(String(id))
      return readId(text, 0, text.length, sink)
    })
  return (
    Array.isArray(body.runs) &&
    body.runs.every((run: unknown) => Array.isArray(run) && readRunText(String(run[0]), Number(run[1]), sink))
  )
}

function refuse(status: number, body: string, sink: AnswerSink): void {
  const code = /"code": ?"([A-Z_]+)"/.exec(body)?.[1] ?? `HTTP_${status}`
  sink.refused(code, /"detail": ?"((?:[^"\\]|\\.)*)"/.exec(body)?.[1] ?? body)
}

function statusOf(bytes: Buffer, from: number): number {
  if (!startsWith(bytes, from, PROTOCOL))
    throw new Error(
      `an answer that is not HTTP/1.1: ${JSON.stringify(bytes.toString('latin1', from, from + 40))}`,
    )
  const at = from + STATUS_AT
  return (
    ((bytes[at] as number) - ZERO) * 100 +
    ((bytes[at + 1] as number) - ZERO) * 10 +
    (bytes[at + 2] as number) -
    ZERO
  )
}

/** Whether a line begins there with `content-length:` in any case. */
function isLengthLine(bytes: Buffer, at: number): boolean {
  for (let i = 0; i < LENGTH.length; i += 1)
    // Letters in lower case; the hyphen and the colon have that bit already.
    if (((bytes[at + i] as number) | 0x20) !== LENGTH[i]) return false
  return true
}

function startsWith(bytes: Buffer, from: number, what: Buffer): boolean {
  for (let i = 0; i < what.length; i += 1) if (bytes[from + i] !== what[i]) return false
  return true
}

const HEAD_END = Buffer.from('\r\n\r\n')
const PROTOCOL = Buffer.from('HTTP/1.1 ')
const STATUS_AT = PROTOCOL.length
const LENGTH = Buffer.from('content-length:')
const IDS = Buffer.from('{"ids":["')
const LF = 0x0a
const CR = 0x0d
const BLANK = 0x20
const ZERO = 0x30
const QUOTE = 0x22
const COMMA = 0x2c
const CLOSE_BRACKET = 0x5d
/** Node's own limit for the heads it reads is 16 KiB. */
const HEAD_MAX = 65_536
/** A million IDs as text are 22 MB. */
const BODY_MAX = 256 * 1024 * 1024
/** Of what a server said, for the report. */
const TEXT_MAX = 2000
