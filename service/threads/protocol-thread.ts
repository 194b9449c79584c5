import { LIMITED_KINDS, noRefusals } from '../app/rate-limits.ts'
import type { BorrowingThread, Lending, SubBlockLender } from '../app/sub-block-lender.ts'
import type { ToBorrower } from '../app/sub-block-messages.ts'
import type { UseCases } from '../app/use-cases.ts'
import { IdgenError } from '../core/errors.ts'
import { unreachable } from '../core/invariant.ts'
import type { HeapUse } from '../ports/heap-use.ts'
import type { LogText } from '../ports/log-events.ts'
import type { RespCounters } from '../resp/resp-counters.ts'
import type { PassRefusal } from './pass-on.ts'
import { type FromThread, fromThread, type RowLabels, type ToThread } from './thread-messages.ts'
import { ThreadMeters } from './thread-meters.ts'
import { TallyReader } from './thread-tally.ts'

/** A thread of the runtime, as far as the main thread needs it. Messages arrive once each and in order. */
export interface ThreadHandle {
  post(message: ToThread | ToBorrower, transfer: readonly ArrayBuffer[]): void
  /** Ends it by force; resolves when it runs no more. */
  terminate(): Promise<unknown>
}

/** What the thread tells: all its messages come before its end. `error`: why it ended, where it did not mean to. */
export interface ThreadEvents {
  readonly onMessage: (message: unknown) => void
  readonly onExit: (error: Error | undefined) => void
}

/** Starts the code that answers, which waits for `listen`. `meters`: where the thread writes its numbers. */
export type StartThread = (events: ThreadEvents, meters: SharedArrayBuffer) => ThreadHandle

export interface ProtocolThreadOptions {
  readonly start: StartThread
  readonly lender: SubBlockLender
  readonly useCases: Pick<
    UseCases,
    | 'addresses'
    | 'authenticator'
    | 'directory'
    | 'generate'
    | 'ledger'
    | 'protocols'
    | 'rates'
    | 'signIn'
    | 'tracer'
    | 'traffic'
    | 'log'
  >
  /** Answers what a thread passes on, by protocol. Never rejects. */
  readonly passedOn: Readonly<Record<string, (question: unknown) => Promise<unknown>>>
  readonly onExit: (error: Error | undefined) => void
}

/** The main thread's end of one protocol thread: lends it IDs, tells it who asks, and takes over what it counts. */
export class ProtocolThread implements BorrowingThread {
  readonly #options: ProtocolThreadOptions
  readonly #handle: ThreadHandle
  readonly #lending: Lending
  readonly #meters = new ThreadMeters()
  readonly #listening = new Map<string, PromiseWithResolvers<number>>()
  #fault: Error | undefined
  readonly #drained = Promise.withResolvers<void>()
  #tally: TallyReader | undefined
  /** What was taken over of `#meters`. */
  #late = 0
  readonly #refused = noRefusals()
  readonly #durations: Float64Array
  readonly #clients: Float64Array
  readonly #protocols: Float64Array
  #keyHits = 0
  #beats = 0
  /** Requests that it passed on. */
  passed = 0
  /** IDs of its shares that it handed out. */
  used = 0
  #silentLooks = 0

  /** @throws IDGEN_SHUTTING_DOWN once the lender was stopped */
  constructor(options: ProtocolThreadOptions) {
    this.#options = options
    this.#durations = new Float64Array(this.#meters.durations.length)
    this.#clients = new Float64Array(this.#meters.clients.length)
    this.#protocols = new Float64Array(this.#meters.protocols.length)
    this.#lending = options.lender.join(this)
    const events = {
      onMessage: (message: unknown) => this.#receive(message),
      onExit: (error: Error | undefined) => this.#ended(error),
    }
    try {
      this.#handle = options.start(events, this.#meters.memory)
    } catch (thrown) {
      // The system has no thread to give: a stop must not wait for this one.
      this.#lending.gone()
      throw thrown
    }
  }

  /** Resolves with the port. Safe to call twice of one name: it listens once. @throws what kept it from listening */
  listen(name: string, port: number): Promise<number> {
    const known = this.#listening.get(name)
    if (known !== undefined) return known.promise
    const listening = Promise.withResolvers<number>()
    // Nobody may be waiting for it when the thread ends.
    listening.promise.catch(() => undefined)
    this.#listening.set(name, listening)
    if (this.#fault !== undefined) listening.reject(this.#fault)
    else this.tell({ kind: 'listen', name, port })
    return listening.promise
  }

  /** Resolves when no connection is open any more, which takes about `withinMs` at most, or when the thread has ended. */
  drain(withinMs: number): Promise<void> {
    this.tell({ kind: 'drain', withinMs })
    return this.#drained.promise
  }

  tell(message: ToThread): void {
    this.#handle.post(message, [])
  }

  post(message: ToBorrower, transfer: readonly ArrayBuffer[]): void {
    this.#handle.post(message, transfer)
  }

  terminate(): Promise<unknown> {
    return this.#handle.terminate()
  }

  /** Called once a second: whether nothing was heard of it for so many times in a row that it hangs. */
  look(): boolean {
    const { beats } = this.#meters
    this.#silentLooks = beats === this.#beats ? this.#silentLooks + 1 : 0
    this.#beats = beats
    return this.#silentLooks >= (beats === 0 ? STARTING_LOOKS_MAX : SILENT_LOOKS_MAX)
  }

  /** What its listener counts. */
  get counters(): Readonly<RespCounters> {
    return this.#meters.counters
  }

  /** As TurnWatch.worstMs. */
  get worstLateMs(): number {
    return this.#meters.worstLateMs
  }

  /** As of its last beat, half a second ago. */
  get heap(): HeapUse {
    return this.#meters.heap
  }

  /** Requests that it could not pass on, since the main thread had no place for more of them. */
  unpassed(why: PassRefusal): number {
    return this.#meters.unpassed(why)
  }

  /** Takes over what it counted since the last time. */
  fold(): void {
    const { authenticator, generate, protocols, rates, traffic } = this.#options.useCases
    const { keyHits } = this.#meters
    authenticator.hits += keyHits - this.#keyHits
    this.#keyHits = keyHits
    for (const [dc, calls] of this.#meters.clients.entries()) {
      traffic.count(dc, calls - (this.#clients[dc] ?? 0))
      this.#clients[dc] = calls
    }
    for (const [at, calls] of this.#meters.protocols.entries()) {
      protocols.cells[at] = (protocols.cells[at] ?? 0) + calls - (this.#protocols[at] ?? 0)
      this.#protocols[at] = calls
    }
    for (const kind of LIMITED_KINDS) {
      const refused = this.#meters.refused[kind]
      rates.refused[kind] += refused - this.#refused[kind]
      this.#refused[kind] = refused
    }
    // The thread counts in the other order, so what has its duration was counted as late, and what is late as answered.
    const waits = this.#meters.durations.slice()
    const late = this.#meters.late
    this.#tally?.fold((labels, requests, ids) => this.#count(labels, requests, ids))
    const news = waits.map((value, at) => value - (this.#durations[at] ?? 0))
    generate.countWaits(late - this.#late, news)
    this.#late = late
    this.#durations.set(waits)
  }

  #count(labels: RowLabels, requests: number, ids: number): void {
    const { authenticator, directory, generate, ledger } = this.#options.useCases
    if (labels[0] === 'called') {
      const [, keyId, path, outcome] = labels
      authenticator.noteUse(keyId)
      return ledger.countSampled(keyId, path, outcome, { requests, ids })
    }
    if (labels[0] === 'waited') {
      const [, path, outcome, at] = labels
      directory.peek(path)?.waits?.add(Number(at), requests, ids, outcome === 'late')
      return
    }
    const [, path, algorithm, degraded] = labels
    this.used += ids
    generate.count(directory.peek(path), { algorithm, degraded: degraded === 'degraded' }, requests, ids)
  }

  #ended(error: Error | undefined): void {
    this.fold()
    this.#lending.gone()
    this.#drained.resolve()
    this.#fault = error ?? new IdgenError('IDGEN_INTERNAL', 'A protocol thread ended at its start.')
    for (const { reject } of this.#listening.values()) reject(this.#fault)
    this.#options.onExit(error)
  }

  #receive(raw: unknown): void {
    const message = fromThread(raw)
    switch (message?.kind) {
      case undefined:
        return this.#lending.receive(raw)
      case 'listening':
        return this.#listening.get(message.name)?.resolve(message.port)
      case 'deaf':
        return this.#listening
          .get(message.name)
          ?.reject(Object.assign(new Error(message.message), { code: message.errno }))
      case 'passed':
        return void this.#answer(message)
      case 'who':
        return void this.#introduce(message)
      case 'tally':
        // What the one before still has comes first: it is written no more.
        this.#tally?.fold((labels, requests, ids) => this.#count(labels, requests, ids))
        this.#tally = new TallyReader(message.memory)
        return
      case 'row':
        return this.#tally?.name(message.row, message.labels)
      case 'log':
        return forward(this.#options.useCases.log, message)
      case 'spans':
        return this.#options.useCases.tracer.take(message.spans)
      case 'sample':
        return this.#options.useCases.ledger.sample(message.sample)
      case 'drained':
        return this.#drained.resolve()
      default:
        return unreachable(message)
    }
  }

  /** Never rejects. Told to a thread that ended meanwhile, the answer is lost, as its connections are. */
  async #answer({ number, name, question }: Extract<FromThread, { kind: 'passed' }>): Promise<void> {
    this.passed += 1
    const answer = await this.#options.passedOn[name]?.(question)
    if (this.#fault === undefined) this.tell({ kind: 'answered', number, answer })
  }

  /** Never rejects. */
  async #introduce({ number, keyText, client, attempt }: Who): Promise<void> {
    const { authenticator, signIn, log } = this.#options.useCases
    try {
      const caller = await signIn.authenticate(keyText, client, attempt)
      this.tell({ kind: 'caller', number, ...authenticator.introduction(keyText, caller) })
    } catch (thrown) {
      const { code, message, retryAfterMs } = IdgenError.from(thrown)
      if (code === 'IDGEN_INTERNAL') log.error({ err: thrown }, 'key not looked up')
      this.tell({ kind: 'nobody', number, code, message, retryAfterMs })
    }
  }
}

/**
 * Counted in looks of the main thread, not in time: after a pause of the whole process nobody is to be blamed. No
 * request keeps a thread busy for a second.
 */
const SILENT_LOOKS_MAX = 10
/**
 * Until its first beat it reads its program, a second of CPU: a machine that gives it a fiftieth of a core is slow, and ended
 * for that it would begin anew, and never answer. A start that truly hangs ends by this, too.
 */
const STARTING_LOOKS_MAX = 60

type Who = Extract<FromThread, { kind: 'who' }>

/** Which fields its text wants was known where the line was written. */
function forward(
  log: ForwardedLog,
  { level, fields, text }: Pick<Extract<FromThread, { kind: 'log' }>, 'level' | 'fields' | 'text'>,
): void {
  log[level](fields, text)
}

interface ForwardedLog {
  debug(fields: object, text: LogText): void
  info(fields: object, text: LogText): void
  warn(fields: object, text: LogText): void
  error(fields: object, text: LogText): void
}
