import type { Caller } from '../app/authenticator.ts'
import { RateLimits, type RateSettings, type RateTables } from '../app/rate-limits.ts'
import { SubBlockBorrower } from '../app/sub-block-borrower.ts'
import type { ToLender } from '../app/sub-block-messages.ts'
import type { RequestLimits } from '../app/use-cases.ts'
import { unreachable } from '../core/invariant.ts'
import type { Clock } from '../ports/clock.ts'
import type { Log } from '../ports/log.ts'
import type { RespCounters } from '../resp/resp-counters.ts'
import { KnownKeys } from './known-keys.ts'
import { ThreadIssuer } from './thread-issuer.ts'
import { type FromThread, type LogLevel, toThread } from './thread-messages.ts'
import { ThreadMeters } from './thread-meters.ts'
import { ThreadTally } from './thread-tally.ts'

/** What a thread is told at its start, as data. */
export interface ThreadOrders {
  readonly limits: RequestLimits
  readonly rates: RateSettings
  /** Of the process: its threads count in them together. */
  readonly rateTables: RateTables
  readonly deadlineMs: number
  readonly maxWaiting: number
  readonly maxTags: number
  readonly maxKeys: number
  /** Where no key is needed: who everybody is. */
  readonly everybody: Caller | undefined
}

/** The protocol that a thread speaks. */
export interface ThreadListener {
  /** Shares the port with the other threads; 0: the system chooses. Resolves with the port. */
  listen(port: number): Promise<number>
  /** No new connections; resolves when those that are open have ended, by force after `withinMs`. */
  drain(withinMs: number): Promise<void>
}

export interface AnsweringThreadOptions {
  readonly orders: ThreadOrders
  /** This thread of this process: a share is used by nobody else. */
  readonly owner: string
  readonly clock: Clock
  /** To the main thread: messages arrive once each and in order. */
  readonly post: (message: FromThread | ToLender) => void
  readonly meters: SharedArrayBuffer
  /** It counts in `counters`, where the main thread reads along. */
  readonly newListener: (issuer: ThreadIssuer, counters: RespCounters, log: Log) => ThreadListener
}

/** All of a protocol thread but its runtime: hears the main thread and does what it says. */
export class AnsweringThread {
  readonly #options: AnsweringThreadOptions
  readonly #borrower: SubBlockBorrower
  readonly #keys: KnownKeys
  readonly #rates: RateLimits
  readonly #listener: ThreadListener
  readonly #meters: ThreadMeters

  constructor(options: AnsweringThreadOptions) {
    const { orders, clock, post, owner, newListener } = options
    const { limits, deadlineMs, maxWaiting, maxTags, everybody, maxKeys: maxEntries } = orders
    this.#options = options
    this.#meters = new ThreadMeters(options.meters)
    this.#rates = new RateLimits(clock, orders.rates, orders.rateTables, this.#meters.refused)
    this.#borrower = new SubBlockBorrower({
      clock,
      post,
      owner: () => owner,
      deadlineMs,
      maxCount: limits.maxRuns,
      maxWaiting,
      maxTags,
    })
    const ask = (number: number, keyText: string | undefined): void => post({ kind: 'who', number, keyText })
    this.#keys = new KnownKeys({ clock, everybody, maxEntries, ask })
    const issuer = new ThreadIssuer({
      limits,
      rates: this.#rates,
      clock,
      keys: this.#keys,
      borrower: this.#borrower,
      tally: new ThreadTally(post),
      meters: this.#meters,
    })
    this.#listener = newListener(issuer, this.#meters.counters, newThreadLog(post))
  }

  /** Says that this thread is not stuck. */
  beat(): void {
    this.#meters.beat()
  }

  /** A message of the main thread. */
  receive(raw: unknown): void {
    const message = toThread(raw)
    switch (message?.kind) {
      case undefined:
        return this.#borrower.receive(raw)
      case 'listen':
        return void this.#listen(message.port)
      case 'caller':
      case 'nobody':
        return this.#keys.receive(message)
      case 'forget':
        return this.#keys.forget(message.keyId)
      case 'configure':
        this.#rates.configure(message.rates)
        return this.#borrower.configure(message)
      case 'drain':
        return void this.#drain(message.withinMs)
      default:
        return unreachable(message)
    }
  }

  async #listen(port: number): Promise<void> {
    const { post } = this.#options
    try {
      post({ kind: 'listening', port: await this.#listener.listen(port) })
    } catch (thrown) {
      const { code, message } = thrown as NodeJS.ErrnoException
      post({ kind: 'deaf', errno: String(code), message })
    }
  }

  async #drain(withinMs: number): Promise<void> {
    const { post } = this.#options
    try {
      await this.#listener.drain(withinMs)
    } catch (thrown) {
      post({ kind: 'log', level: 'warn', fields: { err: thrown }, text: 'a protocol thread did not drain' })
    }
    post({ kind: 'drained' })
  }
}

/** The main thread writes it. */
function newThreadLog(post: AnsweringThreadOptions['post']): Log {
  const say =
    (level: LogLevel) =>
    (fields: object, text: string): void =>
      post({ kind: 'log', level, fields, text })
  return { debug: say('debug'), info: say('info'), warn: say('warn'), error: say('error') }
}
