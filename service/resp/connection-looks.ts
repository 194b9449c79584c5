/** What becomes of a connection that was looked at. */
export type Verdict = 'well' | 'idle' | 'slow' | 'stranger'

/** What is there to see of a connection. */
export interface Sight {
  /** Bytes of a command that is not whole yet and could be; 0: there is none. */
  readonly partBytes: number
  /** A command waits for us: the client's silence is ours. */
  readonly isWaiting: boolean
  /** It has shown no key where one is needed. */
  readonly isStranger: boolean
}

/**
 * Looks at one connection, some time apart, each in a row with the same to see. They are counted, and no clock is read: a
 * process that stood still for a while must not find all its clients slow.
 */
export class ConnectionLooks {
  #silent = 0
  #part = 0
  #strange = 0

  /** The client sent something. */
  heard(): void {
    this.#silent = 0
  }

  /** A command is whole: what stands behind it has begun only now. */
  answered(): void {
    this.#part = 0
  }

  /** `everyMs`: how far apart looks are; `idleMs`: how long it may be silent, 0: as long as it likes. */
  look({ partBytes, isWaiting, isStranger }: Sight, everyMs: number, idleMs: number): Verdict {
    this.#silent = isWaiting ? 0 : this.#silent + 1
    this.#part = partBytes === 0 ? 0 : this.#part + 1
    // What it waits for may be whether its key is right.
    if (!isWaiting) this.#strange = isStranger ? this.#strange + 1 : 0
    if (idleMs > 0 && this.#silent > Math.ceil(idleMs / everyMs)) return 'idle'
    if (this.#strange > STRANGER_MS / everyMs) return 'stranger'
    if (this.#part > (COMMAND_MS + partBytes / COMMAND_BYTES_PER_MS) / everyMs) return 'slow'
    return 'well'
  }

  /** It is given the time of a stranger once more. */
  waitForKey(): void {
    this.#strange = 0
  }
}

/**
 * A command must be whole so long after its first byte, and one that comes byte by byte keeps a place no longer than that;
 * as HTTP gives a head.
 */
const COMMAND_MS = 10_000
/**
 * And as much longer as the bytes of it that have come take at 16 KB/s, so that the bound follows from its size: a second
 * for the longest one of the default limits (17 KB), a minute for the longest that can be configured (1 MB,
 * resp-limits.ts). The first needs a line of 1.6 KB/s, the second one of 14 KB/s.
 */
const COMMAND_BYTES_PER_MS = 16
/** Clients send their key with the first command: who has not by then would keep a place from those who have one. */
const STRANGER_MS = 10_000
/** How often all connections are looked at, at least: so much later than said above one may end. */
export const LOOK_EVERY_MS = 2000
