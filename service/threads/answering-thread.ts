import type { Caller } from '../app/authenticator.ts'
import { ClientAddresses, type ProxySettings } from '../app/client-addresses.ts'
import { CallSampling } from '../app/issue-ledger.ts'
import { type IssuingProtocol, ProtocolCounts } from '../app/protocol-counts.ts'
import { RateLimits, type RateSettings, type RateTables } from '../app/rate-limits.ts'
import { SubBlockBorrower } from '../app/sub-block-borrower.ts'
import type { ToLender } from '../app/sub-block-messages.ts'
import { TurnWatch } from '../app/turn-watch.ts'
import type { RequestLimits } from '../app/use-cases.ts'
import type { EndedSpan } from '../core/ended-span.ts'
import { invariant, unreachable } from '../core/invariant.ts'
import { SecondBudget } from '../core/span-sampling.ts'
import type { Clock } from '../ports/clock.ts'
import type { EventLoop } from '../ports/event-loop.ts'
import type { HeapUse } from '../ports/heap-use.ts'
import type { Log } from '../ports/log.ts'
import type { LogLevel, LogText } from '../ports/log-events.ts'
import { NO_TRACER, type Tracer } from '../ports/tracer.ts'
import type { RespCounters } from '../resp/resp-counters.ts'
import { KnownKeys } from './known-keys.ts'
import { PassOn } from './pass-on.ts'
import { SpanPost } from './span-post.ts'
import { ThreadIssuer, type ThreadIssuerOptions } from './thread-issuer.ts'
import { type FromThread, type ThreadDetail, type ToThread, toThread } from './thread-messages.ts'
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
  readonly proxies: ProxySettings
  readonly detail: ThreadDetail
}

/** What the listeners of a thread share. */
export interface ThreadParts {
  /** For the listener of this protocol. */
  readonly issuerOf: (protocol: IssuingProtocol) => ThreadIssuer
  /** Where the Redis protocol counts, and the main thread reads along. */
  readonly counters: RespCounters
  readonly addresses: ClientAddresses
  /** Asks the main thread what the listener does not answer by itself. */
  readonly passOn: PassOn['ask']
  /** Whether answers should end their connections: the process is about to end. */
  readonly isLeaving: () => boolean
  readonly log: Log
  readonly tracer: Tracer
}

/** One protocol that a thread speaks, on a port of its own. */
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
  /** The tracer of this thread; its spans go to `onEnd`. Left out: no call is traced. */
  readonly newTracer?: (onEnd: (spans: readonly EndedSpan[]) => void) => Tracer
  /** By name, as `listen` asks for them. */
  readonly newListeners: (parts: ThreadParts) => Readonly<Record<string, ThreadListener>>
}

/** All of a protocol thread but its runtime: hears the main thread and does what it says. */
export class AnsweringThread {
  readonly #options: AnsweringThreadOptions
  readonly #borrower: SubBlockBorrower
  readonly #keys: KnownKeys
  readonly #rates: RateLimits
  readonly #listeners: Readonly<Record<string, ThreadListener>>
  readonly #addresses: ClientAddresses
  readonly #passOn: PassOn
  readonly #sampling: CallSampling
  readonly #spans: SpanPost
  readonly #tracer: Tracer
  #debug: boolean
  #isLeaving = false
  readonly #meters: ThreadMeters
  readonly #protocols: ProtocolCounts
  #turns: TurnWatch | undefined

  constructor(options: AnsweringThreadOptions) {
    const { orders, clock, post, owner, newListeners } = options
    const { limits, deadlineMs, maxWaiting, maxTags, everybody, maxKeys: maxEntries } = orders
    this.#options = options
    this.#meters = new ThreadMeters(options.meters)
    this.#protocols = new ProtocolCounts(this.#meters.protocols)
    this.#sampling = new CallSampling(orders.detail.sampleEvery)
    this.#debug = orders.detail.debug
    this.#spans = new SpanPost(clock, (spans) => post({ kind: 'spans', spans }))
    this.#tracer = options.newTracer?.(this.#spans.add) ?? NO_TRACER
    this.#rates = new RateLimits(clock, orders.rates, orders.rateTables, this.#meters.refused)
    this.#rates.share()
    this.#borrower = new SubBlockBorrower({
      clock,
      tracer: this.#tracer,
      post,
      owner: () => owner,
      deadlineMs,
      maxCount: limits.maxRuns,
      maxWaiting,
      maxTags,
    })
    this.#keys = new KnownKeys({
      clock,
      everybody,
      maxEntries,
      ask: (question) => post({ kind: 'who', ...question }),
      onHit: () => this.#meters.countKeyHit(),
    })
    const samples = new SecondBudget()
    const known: Omit<ThreadIssuerOptions, 'protocol'> = {
      limits,
      rates: this.#rates,
      clock,
      keys: this.#keys,
      borrower: this.#borrower,
      tally: new ThreadTally(post),
      meters: this.#meters,
      protocols: this.#protocols,
      unreadMs: (nowMs) => this.#turns?.unreadMs(nowMs) ?? 0,
      sampling: this.#sampling,
      onSample: (sample) => {
        if (samples.tryTake(SAMPLES_PER_SECOND, clock.nowMs())) post({ kind: 'sample', sample })
      },
    }
    this.#addresses = new ClientAddresses(orders.proxies)
    this.#passOn = new PassOn(post, (why) => this.#meters.countUnpassed(why))
    this.#listeners = newListeners({
      issuerOf: (protocol) => new ThreadIssuer({ ...known, protocol }),
      counters: this.#meters.counters,
      addresses: this.#addresses,
      passOn: (name, question, client) => this.#passOn.ask(name, question, client),
      isLeaving: () => this.#isLeaving,
      log: newThreadLog(post, () => this.#debug),
      tracer: this.#tracer,
    })
  }

  /** Says that this thread is not stuck, and how it is. */
  beat(heap?: HeapUse): void {
    if (heap !== undefined) this.#meters.heap = heap
    this.#meters.beat()
  }

  /** Looks from now on how late this thread comes to its work. */
  watchTurns(loop: EventLoop): void {
    const { clock } = this.#options
    const onWorst = (ms: number): void => {
      this.#meters.worstLateMs = ms
    }
    this.#turns = new TurnWatch({ clock, loop, protocols: this.#protocols, onWorst })
    this.#turns.start()
  }

  /** A message of the main thread. */
  receive(raw: unknown): void {
    const message = toThread(raw)
    switch (message?.kind) {
      case undefined:
        return this.#borrower.receive(raw)
      case 'listen':
        return void this.#listen(message)
      case 'answered':
        return this.#passOn.receive(message)
      case 'caller':
      case 'nobody':
        return this.#keys.receive(message)
      case 'forget':
        return this.#keys.forget(message.keyId)
      case 'configure':
        this.#rates.configure(message.rates)
        this.#addresses.configure(message.proxies)
        this.#tell(message.detail)
        return this.#borrower.configure(message)
      case 'leave':
        this.#isLeaving = true
        return
      case 'drain':
        return void this.#drain(message.withinMs)
      default:
        return unreachable(message)
    }
  }

  #tell({ debug, sampling, sampleEvery }: ThreadDetail): void {
    this.#debug = debug
    this.#sampling.sampleEvery = sampleEvery
    this.#tracer.configure(sampling)
  }

  async #listen({ name, port }: Extract<ToThread, { kind: 'listen' }>): Promise<void> {
    const { post } = this.#options
    try {
      const listener = this.#listeners[name]
      invariant(listener !== undefined, `a protocol thread speaks ${name}`)
      post({ kind: 'listening', name, port: await listener.listen(port) })
    } catch (thrown) {
      const { code, message } = thrown as NodeJS.ErrnoException
      post({ kind: 'deaf', name, errno: String(code), message })
    }
  }

  async #drain(withinMs: number): Promise<void> {
    const { post } = this.#options
    try {
      await Promise.all(Object.values(this.#listeners).map((listener) => listener.drain(withinMs)))
    } catch (thrown) {
      post({ kind: 'log', level: 'warn', fields: { err: thrown }, text: 'a protocol thread did not drain' })
    }
    this.#spans.flush()
    post({ kind: 'drained' })
  }
}

/** The main thread writes it. */
function newThreadLog(post: AnsweringThreadOptions['post'], debugs: () => boolean): Log {
  const say =
    (level: LogLevel) =>
    (fields: object, text: LogText): void =>
      post({ kind: 'log', level, fields, text })
  return {
    debug: (fields, text) => (debugs() ? say('debug')(fields, text) : undefined),
    info: say('info'),
    warn: say('warn'),
    error: say('error'),
  }
}

/** Of this thread: each is a message, and the main thread has grants to renew. What is beyond is counted without a sample. */
const SAMPLES_PER_SECOND = 1000
