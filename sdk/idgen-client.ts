import type { ClientSettings } from './client-options.ts'
import {
  type ClientOptions,
  checkTagPath,
  settingsOf,
  type TuningOptions,
  tuningOf,
} from './client-options.ts'
import type { BlockTuning } from './core/block-size.ts'
import { IdgenClientError } from './core/client-error.ts'
import type { AnswerForm } from './core/id-answer.ts'
import { RetryBudget } from './core/retry-budget.ts'
import { EndpointCaller } from './endpoints/endpoint-caller.ts'
import { BigIntIds } from './ids/bigint-ids.ts'
import { DecimalIds } from './ids/decimal-ids.ts'
import { NumberIds } from './ids/number-ids.ts'
import { TextIds } from './ids/text-ids.ts'
import { NODE_CLOCK } from './node-clock.ts'
import type { Clock } from './ports/clock.ts'
import type { Transport } from './ports/transport.ts'
import { TagStock } from './stock/tag-stock.ts'
import { httpTransport } from './transports/http-transport.ts'

/**
 * A client of idgen. It holds blocks of IDs per tag, fetched ahead of their use, so make one for the whole process and
 * keep it. Nothing in it keeps the process alive but calls that wait.
 */
export class IdgenClient {
  readonly #settings: ClientSettings
  readonly #clock: Clock
  readonly #transport: Transport
  readonly #caller: EndpointCaller
  readonly #budget: RetryBudget
  readonly #warn: (error: IdgenClientError) => void
  /** By form and path. */
  readonly #stocks = new Map<string, TagStock>()
  #stopTending: (() => void) | undefined
  #closed = false

  /** @throws IDGEN_CLIENT_OPTION_INVALID */
  constructor(options: ClientOptions)
  /** @internal `clock`: for tests */
  constructor(options: ClientOptions, clock: Clock)
  constructor(options: ClientOptions, clock: Clock = NODE_CLOCK) {
    const { key, dc, ca, transport = httpTransport } = options
    this.#transport = transport({ key, dc, ca })
    this.#settings = settingsOf(options, this.#transport.schemes)
    this.#clock = clock
    const { endpoints, attemptMs, discover, retriesPerSecond } = this.#settings
    this.#caller = new EndpointCaller({
      transport: this.#transport,
      clock,
      endpoints,
      dc,
      discover,
      attemptMs,
      tracer: options.tracer,
    })
    this.#budget = new RetryBudget(retriesPerSecond)
    this.#warn = harmless(options.onWarning)
  }

  /** The IDs of a tag that issues from segments, as numbers. `tuning`: instead of the client's, for this tag. */
  numbers(path: string, tuning?: TuningOptions): NumberIds {
    return new NumberIds(this.#stock(path, 'runs', tuning))
  }

  /** The IDs of a tag that issues numbers, as bigint. */
  bigints(path: string, tuning?: TuningOptions): BigIntIds {
    return new BigIntIds(this.#stock(path, 'runs', tuning))
  }

  /** The IDs of a tag that issues numbers, as decimal text. */
  decimals(path: string, tuning?: TuningOptions): DecimalIds {
    return new DecimalIds(this.#stock(path, 'runs', tuning))
  }

  /** The IDs of a tag that issues UUIDs. */
  uuids(path: string, tuning?: TuningOptions): TextIds {
    return new TextIds(this.#stock(path, 'text', tuning), true)
  }

  /** The IDs of any tag as text, decimal or UUID: goes on where a tag degrades from numbers to UUIDs. */
  texts(path: string, tuning?: TuningOptions): TextIds {
    return new TextIds(this.#stock(path, 'text', tuning), false)
  }

  /**
   * Burns all IDs in memory and under way. Call it where a copy of this process may begin to run that nothing here can
   * tell from the original: after a virtual machine or a serverless function was restored from a snapshot.
   */
  dropBlocks(): void {
    for (const stock of this.#stocks.values()) stock.drop()
  }

  /** Burns what is in memory, fails calls that wait with IDGEN_CLIENT_CLOSED, and ends all connections. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#stopTending?.()
    for (const stock of this.#stocks.values()) stock.close()
    this.#caller.close()
    this.#transport.close()
  }

  #stock(path: string, form: AnswerForm, options: TuningOptions = {}): TagStock {
    if (this.#closed)
      throw new IdgenClientError('IDGEN_CLIENT_CLOSED', 'The client was closed; make another one.')
    checkTagPath(path)
    const name = `${form} ${path}`
    const known = this.#stocks.get(name)
    if (known !== undefined) {
      if (Object.keys(options).length > 0) known.tune((tuning) => this.#tuning(form, options, tuning))
      return this.#kept(known)
    }
    if (this.#stocks.size >= TAGS_MAX)
      throw new IdgenClientError(
        'IDGEN_CLIENT_OPTION_INVALID',
        `A client holds blocks of at most ${TAGS_MAX} tags, and "${path}" would be one more. Close it and make another one, or use one per part of the tree.`,
      )
    const stock = this.#newStock(path, form, options)
    this.#stocks.set(name, stock)
    return this.#kept(stock)
  }

  #newStock(path: string, form: AnswerForm, options: TuningOptions): TagStock {
    const { maxWaiting, deadlineMs } = this.#settings
    return new TagStock({
      path,
      form,
      tuning: this.#tuning(form, options, this.#settings.tuning),
      clock: this.#clock,
      caller: this.#caller,
      budget: this.#budget,
      maxWaiting,
      deadlineMs,
      warn: this.#warn,
    })
  }

  /** Of texts no more than the transport can ask for at once. */
  #tuning(form: AnswerForm, options: TuningOptions, over: BlockTuning): BlockTuning {
    const tuning = tuningOf(options, over)
    return form === 'text'
      ? tuningOf({ maxBlock: Math.min(tuning.maxBlock, this.#transport.textsMax) }, tuning)
      : tuning
  }

  /** With the first tag that keeps IDs a timer begins; it holds no process. */
  #kept(stock: TagStock): TagStock {
    stock.tend()
    if (stock.keep > 0 && this.#stopTending === undefined) this.#tendLater()
    return stock
  }

  #tendLater(): void {
    const tend = (): void => {
      for (const stock of this.#stocks.values()) stock.tend()
      this.#tendLater()
    }
    this.#stopTending = this.#clock.after(TEND_EVERY_MS, tend, false)
  }
}

/** What a caller's own code throws here, or rejects with, would end its process: nobody waits for what is told. */
function harmless(warn: ClientOptions['onWarning']): (error: IdgenClientError) => void {
  let told = false
  const fault = (thrown: unknown): void => {
    // Once: it would be said again with each warning.
    if (told) return
    told = true
    process.emitWarning(
      `The option onWarning of an idgen client failed: ${String(thrown)}`,
      'IdgenClientWarning',
    )
  }
  return (error) => {
    try {
      // An async function fits the type as well.
      const answer: unknown = warn?.(error)
      if (answer instanceof Promise) answer.catch(fault)
    } catch (thrown) {
      fault(thrown)
    }
  }
}

/** Blocks of a tag take a few hundred bytes; a client that is given names out of thin air must not grow for ever. */
const TAGS_MAX = 10_000
/** A kept block lives 100 ms at least and 30 s by default, and is renewed when a third of it is left. */
const TEND_EVERY_MS = 500
