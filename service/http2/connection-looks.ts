/** What to do with a connection that was looked at. */
export type Verdict = 'well' | 'ask' | 'retire' | 'gone' | 'full'

/** Looks at one connection, LOOK_EVERY_MS (server.ts) apart, each in a row with the same to see. */
export class ConnectionLooks {
  #silent = 0
  #idle = 0
  #full = 0

  /** The client said something. */
  heard(): void {
    this.#silent = 0
  }

  /** It asked for something. */
  asked(): void {
    this.#idle = 0
  }

  /** `isBusy`: a request is under way; `isFull`: more is held for it than may be. */
  look(isBusy: boolean, isFull: boolean): Verdict {
    this.#silent += 1
    this.#idle = isBusy ? 0 : this.#idle + 1
    this.#full = isFull ? this.#full + 1 : 0
    if (this.#silent > SILENT_LOOKS_MAX) return 'gone'
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
