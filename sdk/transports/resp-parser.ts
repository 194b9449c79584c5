/** An answer of the Redis protocol, version 2. Integers are bigint: beyond 2^53 a number would lose digits. */
export type RespReply = string | bigint | null | RespError | readonly RespReply[]

/** An answer that says no; its text begins with a word such as NOAUTH. */
export class RespError {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

/** Cuts answers out of what arrives, in whatever pieces it arrives. */
export class RespParser {
  #buffered: Buffer = Buffer.alloc(0)
  #at = 0

  /** The answers that are complete now. @throws on anything that is no answer, and on one without an end */
  push(piece: Buffer): RespReply[] {
    this.#buffered = this.#buffered.length === 0 ? piece : Buffer.concat([this.#buffered, piece])
    if (this.#buffered.length > BUFFERED_MAX)
      throw new Error(`an answer is longer than ${BUFFERED_MAX} bytes`)
    const replies: RespReply[] = []
    let done = 0
    for (this.#at = 0; this.#at < this.#buffered.length; done = this.#at) {
      const reply = this.#reply(0)
      if (reply === undefined) break
      replies.push(reply)
    }
    this.#buffered = this.#buffered.subarray(done)
    return replies
  }

  /** undefined: not all of it is here. */
  #reply(depth: number): RespReply | undefined {
    const line = this.#line()
    if (line === undefined) return undefined
    const rest = line.slice(1)
    switch (line[0]) {
      case '+':
        return rest
      case '-':
        return new RespError(rest)
      case ':':
        return BigInt(integer(rest))
      case '$':
        return this.#bulk(Number(integer(rest)))
      case '*':
        // IDGEN.NODES: a map of a list of maps.
        if (depth > 2) break
        return this.#array(Number(integer(rest)), depth)
      case undefined:
      default:
    }
    throw new Error(`"${line.slice(0, 40)}" is no answer of the Redis protocol`)
  }

  #bulk(length: number): RespReply | undefined {
    if (length < 0) return null
    const end = this.#at + length
    if (this.#buffered.length < end + 2) return undefined
    const text = this.#buffered.toString('utf8', this.#at, end)
    this.#at = end + 2
    return text
  }

  #array(length: number, depth: number): RespReply | undefined {
    if (length < 0) return null
    const replies: RespReply[] = []
    for (let i = 0; i < length; i += 1) {
      const reply = this.#reply(depth + 1)
      if (reply === undefined) return undefined
      replies.push(reply)
    }
    return replies
  }

  #line(): string | undefined {
    const end = this.#buffered.indexOf('\r\n', this.#at)
    if (end < 0) return undefined
    const line = this.#buffered.toString('utf8', this.#at, end)
    this.#at = end + 2
    return line
  }
}

function integer(text: string): string {
  if (/^-?\d{1,19}$/.test(text)) return text
  throw new Error(`"${text.slice(0, 40)}" is no number of the Redis protocol`)
}

/** Ten times the longest answer: a thousand UUIDs, or a million snowflakes as runs. */
const BUFFERED_MAX = 1_048_576
