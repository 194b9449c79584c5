import { type AnswerReader, type AnswerSink, MALFORMED } from './answer-sink.ts'
import { readId, readNumber } from './id-text.ts'

/**
 * Replies of the Redis protocol, read in place: `:12` of INCR, `:100` of INCRBY (the last one of the run), `$36` and a
 * text of IDGEN.NEXT, `-CODE text`.
 */
export class RespAnswers implements AnswerReader {
  needed = 1
  readonly closing = false
  readonly #batch: number

  /** `batch`: how many numbers end with the one that is answered. */
  constructor(batch: number) {
    this.#batch = batch
  }

  read(bytes: Buffer, to: number, sink: AnswerSink): number {
    let from = 0
    this.needed = 1
    while (from < to) {
      let end = from + 1
      while (end < to && bytes[end] !== CR) end += 1
      if (end + 1 >= to) {
        if (end - from > LINE_MAX) throw new Error(`a reply line of more than ${LINE_MAX} bytes`)
        break
      }
      const next = this.#readReply(bytes, from, end, to, sink)
      if (next < 0) break
      from = next
    }
    return from
  }

  /** bytes[from, end) is the reply's first line. Returns where the next one begins; -1: more bytes are needed. */
  #readReply(bytes: Buffer, from: number, end: number, to: number, sink: AnswerSink): number {
    const kind = bytes[from]
    if (kind === DOLLAR) return this.#readBulk(bytes, from, end, to, sink)
    if (kind === COLON) this.#readNumber(bytes, from + 1, end, sink)
    else if (kind === MINUS) refuse(bytes.toString('utf8', from + 1, end), sink)
    else if (kind === PLUS) refuseText(bytes, from, end, sink)
    else
      throw new Error(
        `a reply that no ID command has: ${JSON.stringify(bytes.toString('latin1', from, end))}`,
      )
    return end + 2
  }

  #readNumber(bytes: Buffer, from: number, end: number, sink: AnswerSink): void {
    const batch = this.#batch
    const read =
      batch === 1
        ? readNumber(bytes, from, end, sink)
        : readNumber(bytes, from, end, runEndingHere(sink, batch))
    if (read) sink.answered()
    else refuseText(bytes, from, end, sink)
  }

  #readBulk(bytes: Buffer, from: number, end: number, to: number, sink: AnswerSink): number {
    const length = Number(bytes.toString('latin1', from + 1, end))
    const text = end + 2
    if (length === -1) {
      refuseText(bytes, from, end, sink)
      return text
    }
    if (!(length >= 0 && length <= LINE_MAX)) throw new Error(`a reply of ${length} bytes`)
    if (text + length + 2 > to) {
      this.needed = text + length + 2 - from
      return -1
    }
    if (readId(bytes, text, text + length, sink)) sink.answered()
    else refuseText(bytes, text, text + length, sink)
    return text + length + 2
  }
}

/** INCRBY answers with the last one of what it adds. */
function runEndingHere(sink: AnswerSink, batch: number): AnswerSink {
  return {
    numbers(upper, lower) {
      const first = lower - (batch - 1)
      if (first >= 0) sink.numbers(upper, first, batch)
      else sink.numbers(upper - 1, first + BILLION, batch)
    },
    uuid: (w0, w1, w2, w3) => sink.uuid(w0, w1, w2, w3),
    text: (text) => sink.text(text),
    answered: () => sink.answered(),
    refused: (code, text) => sink.refused(code, text),
  }
}

function refuseText(bytes: Buffer, from: number, end: number, sink: AnswerSink): void {
  sink.refused(MALFORMED, bytes.toString('utf8', from, Math.min(end, from + 200)))
}

/** Of `-ERR IDGEN_TAG_NOT_FOUND There is …` the stable code; of others the first word. */
function refuse(line: string, sink: AnswerSink): void {
  sink.refused(/\bIDGEN_[A-Z_]+/.exec(line)?.[0] ?? line.split(' ')[0] ?? 'ERR', line)
}

const CR = 0x0d
const COLON = 0x3a
const DOLLAR = 0x24
const PLUS = 0x2b
const MINUS = 0x2d
const BILLION = 1_000_000_000
/** Redis' own limit of an inline line; no ID and no error is as long. */
const LINE_MAX = 65_536
