/** What to do with a connection that was looked at. */
export type Verdict = 'well' | 'ask' | 'retire' | 'gone' | 'full' | 'late'

/** What there is to see of a connection. */
export interface Sight {
  /** A request is under way. */
  readonly isBusy: boolean
  /** More is held for it than may be. */
  readonly isFull: boolean
  /** Stands for the frame or the head of which a part has come; undefined: none. */
  readonly incomplete: unknown
}

/** Looks at one connection, LOOK_EVERY_MS (server.ts) apart, each in a row with the same to see. */
export class ConnectionLooks {
  #silent = 0
  #idle = 0
  #full = 0
  #incomplete: unknown

  /** The client said something. */
  heard(): void {
    this.#silent = 0
  }

  /** It asked for something. */
  asked(): void {
    this.#idle = 0
  }

  look({ isBusy, isFull, incomplete }: Sight): Verdict {
    const isLate = incomplete !== undefined && incomplete === this.#incomplete
    this.#incomplete = incomplete
    this.#silent += 1
    this.#idle = isBusy ? 0 : this.#idle + 1
    this.#full = isFull ? this.#full + 1 : 0
    if (this.#silent > SILENT_LOOKS_MAX) return 'gone'
    // For one look at least, and two at most.
    if (isLate) return 'late'
    if (this.#full > FULL_LOOKS_MAX) return 'full'
    if (this.#idle > IDLE_LOOKS_MAX) return 'retire'
    return this.#silent === SILENT_LOOKS_MAX ? 'ask' : 'well'
  }
}

/** Looks are 20 s apart: asked after a minute of silence, cut off after 20 s more. */
const SILENT_LOOKS_MAX = 3
/** Five minutes without a request. */
const IDLE_LOOKS_MAX = 15
/** A minute in which a client did not take its answers, and its requests were refused. */
const FULL_LOOKS_MAX = 3
