import type { ProxySettings } from '../app/client-addresses.ts'
import type { WaitLimits } from '../app/generate-ids.ts'
import type { RateSettings } from '../app/rate-limits.ts'
import type { Trouble } from '../app/readiness.ts'
import { Repeat } from '../app/repeat.ts'
import type { UseCases } from '../app/use-cases.ts'
import { type Clock, sleep } from '../ports/clock.ts'
import type { HeapUse } from '../ports/heap-use.ts'
import { newRespCounters, type RespCounters } from '../resp/resp-counters.ts'
import type { PassRefusal } from './pass-on.ts'
import { ProtocolThread, type ProtocolThreadOptions } from './protocol-thread.ts'
import type { ThreadDetail, ToThread } from './thread-messages.ts'

export interface ThreadPoolOptions extends Omit<ProtocolThreadOptions, 'onExit'> {
  readonly count: number
  readonly clock: Clock
}

interface Seat {
  readonly number: number
  thread: ProtocolThread | undefined
  /** Why nobody answers on it; undefined: somebody does. */
  fault: string | undefined
  backoffMs: number
  /** Monotonic ms since when the thread listens. */
  sinceMs: number
}

/**
 * The threads that answer the protocols, all on one port of each. One that dies or hangs is replaced; its shares go with
 * it, and the others go on:
 *
 *     connections ─▶ one port ─┬▶ thread 0 ◀─ shares ─┐
 *                              └▶ thread 1 ◀─ shares ─┴─ main thread: grants, keys, counts
 */
export class ThreadPool {
  readonly #options: ThreadPoolOptions
  readonly #seats: readonly Seat[]
  readonly #looks: Repeat
  readonly #stopped = new AbortController()
  #unfollow: (() => void) | undefined
  /** By the name of the listener. */
  readonly #ports = new Map<string, number>()
  /** As the threads know them. */
  #limits: WaitLimits
  #rates: RateSettings
  #proxies: ProxySettings
  #detail: ThreadDetail
  /** Of threads that ended. */
  readonly #past = newRespCounters()
  #pastUsed = 0
  #pastPassed = 0
  #pastCollectedMs = 0
  readonly #pastUnpassed: Record<PassRefusal, number> = { full: 0, address: 0 }
  /** As the look before saw them, and when they grew last: monotonic ms. */
  #unpassedSeen = 0
  #unpassedMs = Number.NEGATIVE_INFINITY
  #isLeaving = false
  /** Every protocol drains when it ends, and they end together. */
  #draining: Promise<void> | undefined
  /** Threads that ended without being told to. */
  deaths = 0

  constructor(options: ThreadPoolOptions) {
    this.#options = options
    this.#limits = options.useCases.generate.limits
    this.#rates = options.useCases.rates.settings
    this.#proxies = options.useCases.addresses.settings
    this.#detail = detailNow(options.useCases)
    this.#seats = Array.from({ length: options.count }, (_, number) => ({
      number,
      thread: undefined,
      fault: 'It has not started.',
      backoffMs: 0,
      sinceMs: 0,
    }))
    this.#looks = new Repeat(options.clock, LOOK_EVERY_MS, () => this.#look())
  }

  /** Threads that answer now. */
  get running(): number {
    return this.#seats.filter(({ fault }) => fault === undefined).length
  }

  /**
   * Resolves with the port when all of them listen on it, for the protocol `name`. The first call starts them.
   * @throws what keeps the first that cannot from it; then all end with the lender, and none is replaced
   */
  async listen(name: string, port: number): Promise<number> {
    try {
      if (this.#unfollow === undefined) this.#start()
      return await this.#listenAll(name, port)
    } catch (thrown) {
      this.#stopped.abort()
      throw thrown
    }
  }

  #start(): void {
    this.#unfollow = this.#options.useCases.authenticator.follow((keyId) =>
      this.#tellAll({ kind: 'forget', keyId }),
    )
    for (const seat of this.#seats) this.#fill(seat)
    // One that hangs already at its start is ended by that, and the start fails.
    this.#looks.start()
  }

  async #listenAll(name: string, wanted: number): Promise<number> {
    // Known from now on, so that one that dies meanwhile is replaced.
    if (wanted !== 0) this.#ports.set(name, wanted)
    // Port 0: the first is given one, the others share it.
    const first = this.#seats.find(({ thread }) => thread !== undefined)
    const port = (await first?.thread?.listen(name, wanted)) ?? wanted
    this.#ports.set(name, port)
    await Promise.all(this.#seats.map((seat) => this.#seated(seat)))
    return port
  }

  /** The process is about to end: answers end their connections from now on. */
  leave(): void {
    this.#isLeaving = true
    this.#tellAll({ kind: 'leave' })
  }

  /** No new connections; resolves when those that are open have ended, by force after `withinMs`. */
  drain(withinMs: number): Promise<void> {
    this.#draining ??= this.#drain(withinMs)
    return this.#draining
  }

  async #drain(withinMs: number): Promise<void> {
    this.#stopped.abort()
    await this.#looks.stop()
    const threads = this.#seats.flatMap(({ thread }) => thread ?? [])
    await Promise.all(threads.map((thread) => this.#drained(thread, withinMs)))
    // Not earlier: a key that is revoked now ends on connections that are still open.
    this.#unfollow?.()
    this.fold()
  }

  /** Takes over what the threads counted since the last time. */
  fold(): void {
    for (const { thread } of this.#seats) thread?.fold()
  }

  /** IDs of shares that were handed out, as far as they were taken over. */
  get used(): number {
    return this.#seats.reduce((sum, { thread }) => sum + (thread?.used ?? 0), this.#pastUsed)
  }

  /** What the listeners of all threads counted, those that ended too; connections are those that are open. */
  counters(): RespCounters {
    const sum = { ...this.#past }
    for (const { thread } of this.#seats) if (thread !== undefined) add(sum, thread.counters)
    return sum
  }

  /** Requests that threads passed on to the main thread. */
  get passed(): number {
    return this.#seats.reduce((sum, { thread }) => sum + (thread?.passed ?? 0), this.#pastPassed)
  }

  /** Requests that threads could not pass on: `full`: too many waited already; `address`: of that client. */
  unpassed(why: PassRefusal): number {
    return this.#seats.reduce(
      (sum, { thread }) => sum + (thread?.unpassed(why) ?? 0),
      this.#pastUnpassed[why],
    )
  }

  /** Whether some were not within the last minute. */
  get isOverrun(): boolean {
    return this.#options.clock.monotonicMs() - this.#unpassedMs < OVERRUN_TOLD_MS
  }

  /** How late the latest of them came to its work lately: as TurnWatch.worstMs. */
  get worstLateMs(): number {
    return Math.max(0, ...this.#seats.map(({ thread }) => thread?.worstLateMs ?? 0))
  }

  /** Of all threads together, as of half a second ago: what is in use now, and the pauses of those that ended, too. */
  get heaps(): HeapUse {
    return this.#seats.reduce((sum, { thread }) => (thread === undefined ? sum : added(sum, thread.heap)), {
      usedBytes: 0,
      collectedMs: this.#pastCollectedMs,
    })
  }

  troubles(): readonly Trouble[] {
    return this.#seats.flatMap(({ number, fault }) =>
      fault === undefined ? [] : [{ what: `protocol thread ${number}`, why: fault }],
    )
  }

  /** Live configuration reaches the threads within a second. */
  #tellLimits(): void {
    const { limits } = this.#options.useCases.generate
    const { settings: rates } = this.#options.useCases.rates
    const { settings: proxies } = this.#options.useCases.addresses
    const { deadlineMs, maxWaiting } = this.#limits
    const detail = detailNow(this.#options.useCases)
    const isSame =
      limits.deadlineMs === deadlineMs &&
      limits.maxWaiting === maxWaiting &&
      JSON.stringify(detail) === JSON.stringify(this.#detail)
    if (isSame && rates === this.#rates && proxies === this.#proxies) return
    this.#limits = limits
    this.#rates = rates
    this.#proxies = proxies
    this.#detail = detail
    this.#tellAll(this.#settings())
  }

  #settings(): Extract<ToThread, { kind: 'configure' }> {
    const { deadlineMs, maxWaiting } = this.#limits
    const known = { rates: this.#rates, proxies: this.#proxies, detail: this.#detail }
    return { kind: 'configure', deadlineMs, maxWaiting, ...known }
  }

  #tellAll(message: ToThread): void {
    for (const { thread } of this.#seats) thread?.tell(message)
  }

  async #drained(thread: ProtocolThread, withinMs: number): Promise<void> {
    const done = new AbortController()
    const late = sleep(this.#options.clock, withinMs + DRAIN_ANSWER_MS, done.signal)
    await Promise.race([thread.drain(withinMs), late])
    done.abort()
  }

  #fill(seat: Seat): void {
    const thread = new ProtocolThread({
      ...this.#options,
      onExit: (error) => {
        if (seat.thread === thread) this.#emptied(seat, error)
      },
    })
    seat.thread = thread
    thread.tell(this.#settings())
    if (this.#isLeaving) thread.tell({ kind: 'leave' })
  }

  /** It answers once it listens on all ports that there are. */
  async #seated(seat: Seat): Promise<void> {
    const { thread } = seat
    if (thread === undefined) return
    await Promise.all([...this.#ports].map(([name, port]) => thread.listen(name, port)))
    if (seat.thread !== thread || seat.fault === undefined) return
    seat.fault = undefined
    seat.sinceMs = this.#options.clock.monotonicMs()
  }

  #emptied(seat: Seat, error: Error | undefined): void {
    const { clock, useCases } = this.#options
    const wasUp = seat.fault === undefined
    const upMs = wasUp ? clock.monotonicMs() - seat.sinceMs : 0
    if (seat.thread !== undefined) {
      add(this.#past, { ...seat.thread.counters, connections: 0 })
      this.#pastUsed += seat.thread.used
      this.#pastPassed += seat.thread.passed
      this.#pastCollectedMs += seat.thread.heap.collectedMs
      this.#pastUnpassed.full += seat.thread.unpassed('full')
      this.#pastUnpassed.address += seat.thread.unpassed('address')
    }
    seat.thread = undefined
    seat.fault = `It ended: ${error?.message ?? 'no reason is known'}.`
    if (this.#stopped.signal.aborted) return
    this.deaths += 1
    seat.backoffMs =
      upMs > STEADY_MS ? BACKOFF_MIN_MS : Math.min(BACKOFF_MAX_MS, seat.backoffMs * 2 || BACKOFF_MIN_MS)
    useCases.log.error(
      { err: error, thread: seat.number, againInMs: seat.backoffMs },
      'a protocol thread ended; what it held is burnt, its connections are lost, and a new one takes its place',
    )
    // At the start of the process whoever waits is told, and the process ends.
    if (this.#ports.size > 0) void this.#refill(seat)
  }

  async #refill(seat: Seat): Promise<void> {
    const { signal } = this.#stopped
    await sleep(this.#options.clock, seat.backoffMs, signal)
    if (signal.aborted) return
    try {
      this.#fill(seat)
    } catch (thrown) {
      // No thread is to be had, or no memory for one; the others go on.
      return this.#emptied(seat, thrown instanceof Error ? thrown : new Error(String(thrown)))
    }
    const { thread } = seat
    try {
      await this.#seated(seat)
    } catch (error) {
      // It is up and cannot listen: ended, it comes back here after a longer pause.
      this.#options.useCases.log.warn({ err: error, thread: seat.number }, 'a protocol thread cannot listen')
      await thread?.terminate()
    }
  }

  #lookAtUnpassed(): void {
    const unpassed = this.unpassed('full') + this.unpassed('address')
    if (unpassed > this.#unpassedSeen) this.#unpassedMs = this.#options.clock.monotonicMs()
    this.#unpassedSeen = unpassed
  }

  #look(): void {
    this.#tellLimits()
    this.#lookAtUnpassed()
    for (const { thread, number, fault } of this.#seats) {
      if (thread === undefined || !thread.look()) continue
      this.#options.useCases.log.error({ thread: number, fault }, 'a protocol thread hangs and is terminated')
      void thread.terminate()
    }
    this.fold()
  }
}

/** As configured now. */
export function detailNow({
  log,
  tracer,
  ledger,
}: Pick<UseCases, 'ledger' | 'log' | 'tracer'>): ThreadDetail {
  return { debug: log.debugs === true, sampling: tracer.sampling, sampleEvery: ledger.sampleEvery }
}

function add(sum: RespCounters, more: Readonly<RespCounters>): void {
  for (const name of Object.keys(sum) as (keyof RespCounters)[]) sum[name] += more[name]
}

function added(sum: HeapUse, more: HeapUse): HeapUse {
  return {
    usedBytes: sum.usedBytes + more.usedBytes,
    collectedMs: sum.collectedMs + more.collectedMs,
  }
}

const LOOK_EVERY_MS = 1000
/** So that /status still says it when somebody comes to look. */
const OVERRUN_TOLD_MS = 60_000
/** A thread that dies of what it was sent may die again at once; a new one costs a quarter of a second of a core. */
const BACKOFF_MIN_MS = 100
/** No end of trying: giving up would make a shortage of memory that passes last. Two starts a minute cost nothing. */
const BACKOFF_MAX_MS = 30_000
/** One that lived this long did not die of how it started. */
const STEADY_MS = 60_000
/** For the answer of a thread that has closed all by force. */
const DRAIN_ANSWER_MS = 1000
