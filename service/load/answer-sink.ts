/** What is read out of the bytes of a connection: the IDs of an answer, then its end; answers come in order. */
export interface AnswerSink {
  /** The `count` numbers from upper · 10^9 + lower upwards (lower < 10^9). */
  numbers(upper: number, lower: number, count: number): void
  /** The 128 bits of a UUID. */
  uuid(w0: number, w1: number, w2: number, w3: number): void
  /** An ID that is neither: what a tag with a format gives (docs/formats.md). */
  text(text: string): void
  /** The answer whose IDs came before ends here. */
  answered(): void
  /** The answer is no ID: a stable code to count by, and what the server said. */
  refused(code: string, text: string): void
}

/** Finds the answers of one protocol in what a connection received. Keeps nothing between calls but sizes. */
export interface AnswerReader {
  /**
   * Reads the whole answers of bytes[0, to) and returns where the first one begins that is not whole.
   * @throws an Error for bytes that are not the protocol
   */
  read(bytes: Buffer, to: number, sink: AnswerSink): number
  /** How many bytes from there it takes at least to read on; 1 where that is not known. */
  readonly needed: number
  /** The server will close the connection after what was read: its remaining requests are to be sent again elsewhere. */
  readonly closing: boolean
}

/** Answers of this kind are counted as refused. */
export const MALFORMED = 'MALFORMED_ANSWER'
