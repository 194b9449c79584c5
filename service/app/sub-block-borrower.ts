import { IdgenError } from '../core/errors.ts'
import type { IdBatch } from '../core/id-batch.ts'
import { givesSafeNumbers, layoutOf } from '../core/id-format.ts'
import { unreachable } from '../core/invariant.ts'
import { isScarce } from '../core/is-scarce.ts'
import { SubBlock } from '../core/sub-block.ts'
import { WAIT_STEPS } from '../core/trace-examples.ts'
import { printTraceparent } from '../core/traceparent.ts'
import { type Clock, sleep } from '../ports/clock.ts'
import { NO_TRACER, type Tracer, traced } from '../ports/tracer.ts'
import type { IssuesBy } from './issuer.ts'
import { shuttingDown, type ToBorrower, type ToLender, toBorrower } from './sub-block-messages.ts'
import { type Flight, SubBlockShelf } from './sub-block-shelf.ts'

export interface SubBlockBorrowerOptions {
  readonly clock: Clock
  /** Left out: no call is traced. */
  readonly tracer?: Tracer
  /** To the lender: messages arrive once each and in order. */
  readonly post: (message: ToLender) => void
  /** This thread of this process, now: process id, boot id and a random nonce. Asked before every take. */
  readonly owner: () => string
  /** A request that could not be served within this time fails; milliseconds. */
  readonly deadlineMs: number
  /** As the lender's: a larger question would be refused. */
  readonly maxCount: number
  /** Requests that may wait for a share at once; more are refused, or memory would grow without bound. */
  readonly maxWaiting: number
  /** Tags with shares in this thread; beyond it the one refilled longest ago loses its own. */
  readonly maxTags: number
}

/**
 * A thread that answers requests: issues IDs out of shares that the main thread lends (SubBlockLender). It takes no
 * grant, knows no store, and talks to the lender alone.
 */
export class SubBlockBorrower {
  #options: SubBlockBorrowerOptions
  /** By path; in the order of their last refill. */
  readonly #shelves = new Map<string, SubBlockShelf>()
  #asked = 0
  #waiting = 0
  #stopped = false

  constructor(options: SubBlockBorrowerOptions) {
    this.#options = options
  }

  /**
   * As GenerateIds.tryTake: issues `count` IDs into `batch` if all are in memory. No promise, no allocation. `nowMs`:
   * what the wall clock said in this turn of the event loop; `shelf`: of the tag, from who remembers it (`shelfOf`).
   */
  tryTake(
    path: string,
    count: number,
    batch: IdBatch,
    nowMs = this.#options.clock.nowMs(),
    shelf = this.#shelves.get(path),
  ): boolean {
    if (shelf === undefined) return false
    shelf.take(count, this.#options.owner(), nowMs, batch)
    if (batch.count < count) return false
    this.#askAhead(path, shelf)
    return true
  }

  /** As GenerateIds.tryTakeRun; what kind of tag it is, the lender says when `takeRun` asks. */
  tryTakeRun(path: string, count: number, batch: IdBatch): boolean {
    const shelf = this.#shelves.get(path)
    if (shelf === undefined) return false
    const { clock, owner } = this.#options
    if (!shelf.takeRun(count, owner(), clock.nowMs(), batch)) return false
    this.#askAhead(path, shelf)
    return true
  }

  /**
   * As GenerateIds.take: waits for shares. On an error what was taken is burnt.
   * @throws IDGEN_DEADLINE_EXCEEDED, IDGEN_OVERLOADED, IDGEN_SHUTTING_DOWN, or what the lender answered
   */
  take(path: string, count: number, batch: IdBatch): Promise<void> {
    const own = (): number => count - batch.count
    return this.#wait(path, count, {
      taken: () => this.tryTake(path, count, batch),
      own,
      ask: (shelf) => this.#ask(path, shelf, shelf.wantedNow(own(), this.#options.clock.monotonicMs())),
    })
  }

  /** Where the tag's shares lie until it `isClosed`; undefined: nobody asked for them yet. */
  shelfOf(path: string): SubBlockShelf | undefined {
    return this.#shelves.get(path)
  }

  /** Whether the thread has, or had, shares of the tag. */
  knows(path: string): boolean {
    return this.#shelves.get(path)?.first !== undefined
  }

  /** undefined: no share is here. */
  issuesBy(path: string): IssuesBy | undefined {
    const shelf = this.#shelves.get(path)
    // Of a tag in a format that is known without a share: nobody takes one only to be refused for its form.
    const active = shelf?.algorithm ?? (shelf?.printer === undefined ? undefined : shelf.first)
    if (shelf === undefined || active === undefined) return undefined
    const safe = givesSafeNumbers(active, shelf.format)
    return { active, first: shelf.first ?? active, formatted: shelf.printer !== undefined, safe }
  }

  /** Waits until a share is here; takes nothing of it. @throws as take */
  prepare(path: string): Promise<void> {
    return this.#wait(path, 1, {
      taken: () => this.issuesBy(path) !== undefined,
      own: () => 1,
      ask: (shelf) => this.#ask(path, shelf, shelf.wantedNow(1, this.#options.clock.monotonicMs())),
    })
  }

  /**
   * As GenerateIds.takeRun. A thread has one question about a tag on its way at a time, so that a run comes after all
   * that was asked for before it, and numbers ascend.
   * @throws as take
   */
  async takeRun(path: string, count: number, batch: IdBatch): Promise<void> {
    const { maxCount } = this.#options
    // The lender would refuse it for the same reason; a shorter one would never do.
    if (count > maxCount)
      throw new IdgenError(
        'IDGEN_COUNT_OUT_OF_RANGE',
        `${count} consecutive numbers are more than one request may ask for, ${maxCount}.`,
      )
    await this.#wait(path, count, {
      taken: () => this.tryTakeRun(path, count, batch),
      own: () => count,
      ask: (shelf) => this.#ask(path, shelf, count, true),
    })
  }

  #wait(path: string, count: number, wanted: Wanted): Promise<void> {
    const { tracer = NO_TRACER } = this.#options
    const facts = { 'idgen.tag': path, 'idgen.count': count }
    return traced(tracer, { name: WAIT_STEPS.share, kind: 'internal', facts }, () =>
      this.#waitFor(path, count, wanted),
    )
  }

  async #waitFor(path: string, count: number, { taken, own, ask }: Wanted): Promise<void> {
    const { clock, deadlineMs, maxWaiting } = this.#options
    if (this.#stopped) throw shuttingDown()
    if (this.#waiting >= maxWaiting) throw overloaded(this.#waiting)
    const shelf = this.#shelves.get(path) ?? this.#newShelf(path)
    const ended = new AbortController()
    const late = sleep(clock, deadlineMs, ended.signal).then(() => LATE)
    this.#waiting += 1
    shelf.awaited += count
    try {
      // Every round waits for an answer of the lender; the deadline bounds them all.
      while (!taken()) {
        if (this.#stopped) throw shuttingDown()
        const joins = shelf.flight !== undefined
        const flight = shelf.flight ?? ask(shelf)
        const error = await Promise.race([flight.answer, late])
        if (typeof error === 'symbol') throw tooLate(path, deadlineMs)
        if (error !== undefined && !isOfOthers(error, flight, shelf.lacking(own()), joins)) throw error
      }
    } finally {
      this.#waiting -= 1
      shelf.awaited -= count
      ended.abort()
    }
  }

  /** A message of the lender. */
  receive(raw: unknown): void {
    const message = toBorrower(raw)
    switch (message?.kind) {
      case 'share':
        return this.#put(message)
      case 'refused': {
        const { code, message: text, retryAfterMs } = message
        const error = new IdgenError(code, text, retryAfterMs === undefined ? {} : { retryAfterMs })
        return this.#refused(message.path, message.number, error)
      }
      case 'revoke':
        return this.drop(message.path)
      case 'stop':
        return this.#stop()
      case undefined:
        // Whoever asked runs into his deadline.
        return
      default:
        return unreachable(message)
    }
  }

  /** Live configuration: counts for requests that come after it. */
  configure(limits: Pick<SubBlockBorrowerOptions, 'deadlineMs' | 'maxWaiting'>): void {
    this.#options = { ...this.#options, ...limits }
  }

  /** All shares here, or those of one tag, are burnt; requests go on with new ones. */
  drop(path?: string): void {
    if (path !== undefined) return this.#shelves.get(path)?.drop()
    for (const shelf of this.#shelves.values()) shelf.drop()
  }

  /**
   * Says so only when nothing can be issued any more: the main thread lets the worker id go after that. Without a
   * shelf nothing is issued and no share is taken in, and no shelf is made any more.
   */
  #stop(): void {
    this.#stopped = true
    for (const shelf of this.#shelves.values()) shelf.close(shuttingDown())
    this.#shelves.clear()
    this.#options.post({ kind: 'stopped' })
  }

  #askAhead(path: string, shelf: SubBlockShelf): void {
    const ahead = shelf.wantedAhead(this.#options.clock)
    if (ahead > 0) this.#ask(path, shelf, ahead)
  }

  #ask(path: string, shelf: SubBlockShelf, wanted: number, run = false): Flight {
    const { post, owner, maxCount, tracer = NO_TRACER } = this.#options
    this.#asked += 1
    const count = Math.min(wanted, maxCount)
    const flight = shelf.asked(this.#asked, count, run)
    const { number } = flight
    const span = tracer.active()
    const traceparent = span && printTraceparent({ ...span, sampled: true })
    post({ kind: 'ask', number, path, count, run, owner: owner(), traceparent })
    return flight
  }

  #put({ path, number, share, first, space }: Extract<ToBorrower, { kind: 'share' }>): void {
    const shelf = this.#shelves.get(path)
    if (shelf === undefined) return
    try {
      const block = new SubBlock(share, this.#options.owner(), layoutOf(space?.format))
      if (!shelf.put(number, block)) return
    } catch (thrown) {
      return this.#refused(path, number, IdgenError.from(thrown))
    }
    shelf.first = first ?? share.algorithm
    shelf.writeAs(space)
    this.#shelves.delete(path)
    this.#shelves.set(path, shelf)
  }

  #refused(path: string, number: number, error: IdgenError): void {
    this.#shelves.get(path)?.refused(number, error, this.#options.clock.monotonicMs())
  }

  #newShelf(path: string): SubBlockShelf {
    if (this.#shelves.size >= this.#options.maxTags)
      for (const [oldest, shelf] of this.#shelves) {
        if (!shelf.idle) continue
        // Whoever remembers it must not issue of it: no message of the lender reaches it any more.
        shelf.close(shuttingDown())
        this.#shelves.delete(oldest)
        break
      }
    const shelf = new SubBlockShelf(this.#options.maxCount)
    this.#shelves.set(path, shelf)
    return shelf
  }
}

interface Wanted {
  readonly taken: () => boolean
  /** IDs that are still wanted. */
  readonly own: () => number
  readonly ask: (shelf: SubBlockShelf) => Flight
}

/**
 * Why others have no run, or why there are not as many as several asked for together, is no reason why its `own` are not
 * to be had: who hears it asks by itself, for its own.
 */
function isOfOthers(error: IdgenError, flight: Flight, own: number, joins: boolean): boolean {
  return (joins && flight.run) || (flight.count > own && isScarce(error))
}

const LATE = Symbol('late')

function overloaded(waiting: number): IdgenError {
  return new IdgenError(
    'IDGEN_OVERLOADED',
    `${waiting} requests already wait for IDs here; ask another instance or try again.`,
    { retryAfterMs: 1000 },
  )
}

function tooLate(path: string, deadlineMs: number): IdgenError {
  return new IdgenError(
    'IDGEN_DEADLINE_EXCEEDED',
    `The IDs of ${path} could not be had within ${deadlineMs} ms; ask for fewer at a time or try again.`,
    { retryAfterMs: 1000 },
  )
}
