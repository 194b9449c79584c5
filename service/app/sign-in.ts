import { IdgenError } from '../core/errors.ts'
import type { Clock } from '../ports/clock.ts'
import type { Attempt } from './attempt.ts'
import { type Caller, KEY_TEXT_MAX, keyDigest } from './authenticator.ts'
import type { RateLimits } from './rate-limits.ts'

export interface SignInOptions {
  readonly keys: {
    /** As Authenticator.peek. */
    peek(keyText: string | undefined, digest?: string): Caller | undefined
    /** As Authenticator.authenticate; `client` and `attempt` for who writes down who tried what. */
    authenticate(keyText: string | undefined, client: string, attempt?: Attempt): Promise<Caller>
  }
  readonly rates: Pick<RateLimits, 'beginSignIn' | 'endSignIn'>
  /** Told of a client whose key was not looked at, since it had sent too many wrong ones. */
  readonly onThrottled?: (client: string, attempt?: Attempt) => void
  readonly clock: Clock
  /** As long as the authenticator remembers that a key is wrong, so that trying it again costs no store; milliseconds. */
  readonly wrongForMs: number
}

/** A key, by whom and for what. */
interface Shown {
  readonly keyText: string
  readonly client: string
  readonly attempt: Attempt | undefined
}

/**
 * The way in with a key that is not known yet. A client that tries many wrong ones is refused before anybody looks them up
 * (`limits.wrongKeys`):
 *
 *     known key ─────────────────────────────────────────────▶ in, whatever else comes from that address
 *     another ──▶ takes one of the client's tries ──▶ looked up ──▶ right: the try is given back
 *                  └──none left: IDGEN_RATE_LIMITED          └──▶ wrong: it comes back with time
 *
 * The try is taken before the look-up, or all that come at once would get through. The same wrong key again takes no
 * other: a program that was left with an old key is told so each time, and keeps nobody at its address from signing in.
 * Other addresses are not concerned, so nobody is locked out from elsewhere.
 */
export class SignIn {
  readonly #options: SignInOptions
  /** Look-ups under way, by key and client: a burst of one new key takes one try. As many as the look-ups allow. */
  readonly #flights = new Map<string, Promise<Caller>>()
  /** Keys found to be wrong, and right, by digest, and until when (Unix ms) they take no try. */
  readonly #wrong = new Map<string, number>()
  readonly #right = new Map<string, number>()

  constructor(options: SignInOptions) {
    this.#options = options
  }

  /** @throws IDGEN_RATE_LIMITED, or as Authenticator.authenticate */
  async authenticate(keyText: string | undefined, client: string, attempt?: Attempt): Promise<Caller> {
    const { keys } = this.#options
    // Without a key nothing is looked up.
    if (keyText === undefined || keyText === '') return keys.authenticate(keyText, client, attempt)
    const digest = keyDigest(keyText.slice(0, KEY_TEXT_MAX + 1))
    const known = keys.peek(keyText, digest)
    if (known !== undefined) return known
    const name = `${digest} ${client}`
    const flying = this.#flights.get(name)
    if (flying !== undefined) return flying
    const flight = this.#try({ keyText, client, attempt }, digest).finally(() => this.#flights.delete(name))
    this.#flights.set(name, flight)
    return flight
  }

  async #try({ keyText, client, attempt }: Shown, digest: string): Promise<Caller> {
    const { keys, rates } = this.#options
    const taken = !this.#isKnown(this.#wrong, digest) && !this.#isKnown(this.#right, digest)
    if (taken) this.#begin(client, attempt)
    try {
      const caller = await keys.authenticate(keyText, client, attempt)
      if (taken) rates.endSignIn(client)
      this.#remember(this.#right, digest, RIGHT_FOR_MS, RIGHT_MAX)
      return caller
    } catch (thrown) {
      const isWrong = IdgenError.from(thrown).code === 'IDGEN_UNAUTHENTICATED'
      if (isWrong) this.#remember(this.#wrong, digest, this.#options.wrongForMs, WRONG_MAX)
      // Of a database that is away nobody knows whether the key is right.
      else if (taken) rates.endSignIn(client)
      throw thrown
    }
  }

  #begin(client: string, attempt: Attempt | undefined): void {
    try {
      this.#options.rates.beginSignIn(client)
    } catch (thrown) {
      this.#options.onThrottled?.(client, attempt)
      throw thrown
    }
  }

  #isKnown(keys: ReadonlyMap<string, number>, digest: string): boolean {
    const untilMs = keys.get(digest)
    return untilMs !== undefined && untilMs > this.#options.clock.nowMs()
  }

  #remember(keys: Map<string, number>, digest: string, forMs: number, most: number): void {
    if (forMs === 0 || this.#isKnown(keys, digest)) return
    keys.delete(digest)
    keys.set(digest, this.#options.clock.nowMs() + forMs)
    if (keys.size <= most) return
    const oldest = keys.keys().next().value
    if (oldest !== undefined) keys.delete(oldest)
  }
}

/**
 * A key that was right takes no try for so long: where the authenticator has to forget all keys (a change that may have been
 * missed), those in use must not be refused because of who else is at their address.
 */
const RIGHT_FOR_MS = 600_000
/** 1 MB. Only who has a key gets in here. */
const RIGHT_MAX = 10_000
/** Fewer than the authenticator remembers (WRONG_KEYS_MAX), so that what takes no try costs no look-up; 100 KB. */
const WRONG_MAX = 1000
