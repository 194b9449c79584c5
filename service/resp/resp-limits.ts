/** What one connection, and all of them together, may take up; each is a configuration key below `server.resp`. */
export interface RespLimits {
  /**
   * Open connections; a further one is told so and closed. Each takes a descriptor and about 20 KB; some 200 KB while its
   * client does not read: a read and its answers.
   */
  readonly maxConnections: number
  /** A connection without a command for this time is closed; milliseconds. 0: never. */
  readonly idleTimeout: number
  /** Longest argument of a command; bytes. Names of tags take up to 191, keys 60. */
  readonly maxArgumentBytes: number
  /** Most arguments of a command, its name included. */
  readonly maxArguments: number
  /** A client that reads none of its answers for this time, while more than 64 KB of them wait here, is cut off; milliseconds. */
  readonly stallTimeout: number
  /** Whether INCR and INCRBY answer numbers above 2^53 - 1, which JavaScript clients change. */
  readonly wideIntegers: boolean
}

/** Bytes of the longest command that is taken: what may have to be kept of one that is not complete yet. */
export function maxCommandBytes({ maxArguments, maxArgumentBytes }: RespLimits): number {
  return HEAD_BYTES + maxArguments * (maxArgumentBytes + FRAME_BYTES)
}

/** `*128\r\n` and `$8192\r\n…\r\n`, with room to spare. */
const HEAD_BYTES = 16
const FRAME_BYTES = 16
