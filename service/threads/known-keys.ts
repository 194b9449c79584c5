import type { Attempt } from '../app/attempt.ts'
import { type Caller, type Introduction, KEY_TEXT_MAX, keyDigest } from '../app/authenticator.ts'
import { withinDeadline } from '../app/deadline.ts'
import { type Chanced, makeRoom } from '../app/second-chances.ts'
import { IdgenError } from '../core/errors.ts'
import type { Clock } from '../ports/clock.ts'
import type { FromThread, ToThread } from './thread-messages.ts'

export interface KnownKeysOptions {
  readonly clock: Clock
  /** Asks the main thread, whose answer comes to `receive`. */
  readonly ask: (question: Omit<Extract<FromThread, { kind: 'who' }>, 'kind'>) => void
  /** Where no key is needed: who everybody is. */
  readonly everybody: Caller | undefined
  /** A caller was known here by a key. */
  readonly onHit: () => void
  readonly maxEntries: number
}

interface Entry extends Chanced {
  readonly caller: Caller
  readonly untilMs: number
}

type Answer = Extract<ToThread, { kind: 'caller' | 'nobody' }>

/**
 * The callers that a protocol thread remembers, by the hash of their keys. The main thread's Authenticator decides
 * who they are and for how long; what it forgets is forgotten here with the next message.
 */
export class KnownKeys {
  readonly #options: KnownKeysOptions
  /** In the order in which they came, or were given a second chance. */
  readonly #entries = new Map<string, Entry>()
  /** Questions under way, by hash and client: a burst of one new key asks once, and one client is not refused for another. */
  readonly #flights = new Map<string, Promise<Answer>>()
  readonly #answers = new Map<number, (answer: Answer) => void>()
  #asked = 0

  constructor(options: KnownKeysOptions) {
    this.#options = options
  }

  /** As Authenticator.peek: one map look-up. */
  peek(
    keyText: string | undefined,
    digest?: string,
    nowMs = this.#options.clock.nowMs(),
  ): Caller | undefined {
    const { everybody } = this.#options
    if (everybody !== undefined) return everybody
    if (keyText === undefined || keyText.length > KEY_TEXT_MAX) return undefined
    const entry = this.#entries.get(digest ?? keyDigest(keyText))
    if (entry === undefined || entry.untilMs <= nowMs) return undefined
    entry.inUse = true
    this.#options.onHit()
    return entry.caller
  }

  /** @throws as Authenticator.authenticate */
  async authenticate(keyText: string | undefined, client: string, attempt?: Attempt): Promise<Caller> {
    const known = this.peek(keyText)
    if (known !== undefined) return known
    // One character too many is as wrong as a megabyte, and cheaper to send.
    const text = keyText?.slice(0, KEY_TEXT_MAX + 1)
    const asked = this.#ask(text, client, attempt)
    const answer = await withinDeadline(this.#options.clock, ANSWER_MS, 'an API key', asked)
    if (answer.kind === 'caller') return answer.caller
    const { code, message, retryAfterMs } = answer
    throw new IdgenError(code, message, retryAfterMs === undefined ? {} : { retryAfterMs })
  }

  /** An answer of the main thread. */
  receive(answer: Answer): void {
    this.#answers.get(answer.number)?.(answer)
  }

  /** undefined: all of them. */
  forget(keyId: string | undefined): void {
    for (const [digest, { caller }] of this.#entries)
      if (keyId === undefined || caller.keyId === keyId) this.#entries.delete(digest)
  }

  #ask(keyText: string | undefined, client: string, attempt: Attempt | undefined): Promise<Answer> {
    const digest = keyDigest(keyText ?? '')
    const name = `${digest} ${client}`
    const flying = this.#flights.get(name)
    if (flying !== undefined) return flying
    if (this.#flights.size >= ASKED_MAX)
      return Promise.reject(
        new IdgenError('IDGEN_OVERLOADED', `${ASKED_MAX} API keys are being looked up already; try again.`, {
          retryAfterMs: 1000,
        }),
      )
    this.#asked += 1
    const number = this.#asked
    const { promise, resolve } = Promise.withResolvers<Answer>()
    this.#flights.set(name, promise)
    this.#answers.set(number, (answer) => {
      this.#answers.delete(number)
      this.#flights.delete(name)
      // At once, not when who waits is woken: a message that forgets the key may come next.
      if (answer.kind === 'caller') this.#remember(digest, answer)
      resolve(answer)
    })
    this.#options.ask({ number, keyText, client, attempt })
    return promise
  }

  #remember(digest: string, { caller, untilMs }: Introduction): void {
    this.#entries.delete(digest)
    if (untilMs <= this.#options.clock.nowMs()) return
    makeRoom(this.#entries, this.#options.maxEntries)
    this.#entries.set(digest, { caller, untilMs, inUse: false })
  }
}

/** Above the 1.5 s that the main thread gives the database; what is beyond is a main thread that hangs. */
const ANSWER_MS = 3000
/** Different keys asked for at once: a thousand clients that come back together, at a few hundred bytes each. */
const ASKED_MAX = 1000
