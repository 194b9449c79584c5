import type { Clock } from '../../ports/clock.ts'
import type { Random } from '../../ports/random.ts'

/** What became of a batch that was sent. */
export type Sent =
  /** `rejected`: items of it that were not kept, for good; `why`: where that was said. */
  | { readonly kind: 'taken'; readonly rejected: number; readonly why?: string }
  /** It will never be taken. */
  | { readonly kind: 'refused'; readonly why: string }
  /** Nobody answers, or too much was sent; `afterMs`: when to try again, where that was said. */
  | { readonly kind: 'later'; readonly why: string; readonly afterMs: number | undefined }

/** For the log: each is told when it begins, not with every batch. */
export interface ExportNews {
  /** None are taken now; they wait. */
  later(why: string): void
  /** So many will never be taken. */
  refused(why: string, items: number): void
  /** So many are given up here. */
  dropped(why: string, items: number): void
  /** They are taken again. */
  again(): void
}

export interface BatchExporterOptions<Item> {
  /** Never rejects, and ends within some seconds. May be given an item twice. */
  readonly send: (items: readonly Item[]) => Promise<Sent>
  readonly clock: Clock
  readonly random: Random
  readonly news: ExportNews
  /** Items that wait at most; further ones are dropped, or a receiver that is away would fill the memory. */
  readonly queueMax: number
  /** Bytes of memory that an item takes, about. */
  readonly weigh: (item: Item) => number
  /** Bytes that wait at most, as `weigh` says: a count alone would let a few hundred MB of large items wait. */
  readonly bytesMax: number
  /** The heaviest batch; an item that is heavier goes alone. */
  readonly batchMax: number
}

/**
 * Sends items in batches, one at a time and in order, beside all else: what a receiver does is never felt by a caller. A batch
 * of unknown outcome is sent again, so that a receiver may get one twice, and none is lost by a receiver that is away for a while.
 */
export class BatchExporter<Item> {
  /** Since the start. */
  readonly counters = { exported: 0, dropped: 0, refused: 0 }
  readonly #options: BatchExporterOptions<Item>
  #queue: Item[] = []
  #weight = 0
  #timer: Disposable | undefined
  #sending: Promise<void> | undefined
  #backoffMs = 0
  /** Of the batch at the front, in vain. */
  #tries = 0
  /** One line is enough until all that waited was taken: whoever looks then sees the counters. */
  #toldLoss = false
  /** One line here too, however refusals and pauses take turns, until something is taken. */
  #toldLater = false
  /** An item found no room beside those that wait. */
  #crowded = false
  #stopped = false
  /** What was left is counted: a batch that ends later changes nothing. */
  #ended = false

  constructor(options: BatchExporterOptions<Item>) {
    this.#options = options
  }

  get waiting(): number {
    return this.#queue.length
  }

  get queueMax(): number {
    return this.#options.queueMax
  }

  /** Of what may wait, 0 to 1: of the items or of their bytes, whichever is nearer its limit. */
  get used(): number {
    const { queueMax, bytesMax } = this.#options
    return Math.max(this.#queue.length / queueMax, this.#weight / bytesMax)
  }

  readonly add = (items: readonly Item[]): void => {
    if (this.#stopped) {
      if (items.length > 0) this.#lose(items.length, STOPPING)
      return
    }
    let lost = 0
    for (const item of items) if (!this.#put(item)) lost += 1
    if (lost > 0) this.#lose(lost, `${this.#queue.length} wait already`)
    if (this.#sending !== undefined || this.#queue.length === 0) return
    if (this.#timer === undefined) this.#sendIn(GATHER_MS)
    else if (this.#weight >= this.#options.batchMax && this.#backoffMs === 0) this.#sendIn(0)
  }

  /** Sends what waits, for a moment and with one try a batch; what cannot be sent is dropped and counted. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#timer?.[Symbol.dispose]()
    const late = Promise.withResolvers<void>()
    using _timer = this.#options.clock.after(STOP_MS, () => late.resolve())
    await Promise.race([this.#sendAll(), late.promise])
    this.#ended = true
    const left = this.#queue.length
    this.#queue = []
    this.#weight = 0
    if (left === 0) return
    this.counters.dropped += left
    this.#options.news.dropped(STOPPING, left)
  }

  /** false: there is no room for it. */
  #put(item: Item): boolean {
    const { queueMax, weigh, bytesMax } = this.#options
    const weight = weigh(item)
    if (this.#queue.length >= queueMax || this.#weight + weight > bytesMax) {
      // With none that waits no batch could give way.
      this.#crowded = this.#queue.length > 0
      return false
    }
    this.#queue.push(item)
    this.#weight += weight
    return true
  }

  async #sendAll(): Promise<void> {
    await this.#sending
    // Ends: every round takes a batch away or is the last.
    while (this.#queue.length > 0) if (!(await this.#sendBatch())) return
  }

  #sendIn(ms: number): void {
    this.#timer?.[Symbol.dispose]()
    this.#timer = this.#options.clock.after(ms, () => {
      this.#timer = undefined
      this.#sending = this.#sendBatch().then(() => {
        this.#sending = undefined
        if (this.#queue.length > 0 && !this.#stopped) this.#sendIn(this.#pauseMs())
      })
    })
  }

  #pauseMs(): number {
    // Processes that lost a receiver in one moment do not come back to it in one moment; none earlier than it asked for.
    if (this.#backoffMs > 0) return Math.round(this.#backoffMs * (1 + JITTER * this.#chance()))
    return this.#weight >= this.#options.batchMax ? 0 : GATHER_MS
  }

  /** 0 up to, but not including, 1. */
  #chance(): number {
    const bytes = new Uint8Array(4)
    this.#options.random.fill(bytes)
    return new DataView(bytes.buffer).getUint32(0) / 2 ** 32
  }

  /** false: it is to be sent again, later. */
  async #sendBatch(): Promise<boolean> {
    const { send, news } = this.#options
    const batch = this.#queue.slice(0, this.#batchLength())
    const sent = await send(batch)
    if (this.#ended) return false
    if (sent.kind === 'later') {
      this.#putOff(sent, batch.length)
      return false
    }
    this.#takeAway(batch.length)
    if (sent.kind === 'refused') {
      this.counters.refused += batch.length
      this.#tellLoss(() => news.refused(sent.why, batch.length))
      // Each batch will be: one try in half a minute is enough.
      this.#backoffMs = BACKOFF_MAX_MS
      return true
    }
    if (this.#backoffMs > 0) news.again()
    this.#backoffMs = 0
    this.#toldLater = false
    this.counters.refused += sent.rejected
    this.counters.exported += batch.length - sent.rejected
    if (sent.rejected > 0) this.#tellLoss(() => news.refused(sent.why ?? 'it kept the others', sent.rejected))
    else if (this.#queue.length === 0) this.#toldLoss = false
    return true
  }

  #batchLength(): number {
    const { weigh, batchMax } = this.#options
    let weight = 0
    for (const [i, item] of this.#queue.entries()) {
      weight += weigh(item)
      if (weight > batchMax && i > 0) return i
    }
    return this.#queue.length
  }

  #putOff({ why, afterMs }: Extract<Sent, { kind: 'later' }>, items: number): void {
    if (!this.#toldLater) this.#options.news.later(why)
    this.#toldLater = true
    this.#backoffMs =
      afterMs === undefined
        ? Math.min(BACKOFF_MAX_MS, Math.max(BACKOFF_MIN_MS, this.#backoffMs * 2))
        : Math.min(ASKED_MAX_MS, Math.max(BACKOFF_MIN_MS, afterMs))
    this.#tries += 1
    const isFull = this.#crowded || this.#queue.length >= this.#options.queueMax
    if (this.#tries < TRIES_MAX || !isFull) return
    // It may be this one that is never taken; and where all are not, what is newer is worth as much.
    this.#takeAway(items)
    this.#lose(items, why)
  }

  #takeAway(items: number): void {
    for (const item of this.#queue.splice(0, items)) this.#weight -= this.#options.weigh(item)
    this.#tries = 0
    this.#crowded = false
  }

  #lose(items: number, why: string): void {
    this.counters.dropped += items
    this.#tellLoss(() => this.#options.news.dropped(why, items))
  }

  #tellLoss(tell: () => void): void {
    if (this.#toldLoss) return
    this.#toldLoss = true
    tell()
  }
}

const STOPPING = 'the process stops'
/** A trace is to be seen while the call is still on a person's mind, and a request a second costs nothing. */
const GATHER_MS = 1000
const BACKOFF_MIN_MS = 1000
const BACKOFF_MAX_MS = 30_000
/** Where a receiver asks for more (Retry-After), it is asked again after so much all the same: it may be well long since. */
const ASKED_MAX_MS = 300_000
/** Of a pause, on top of it. */
const JITTER = 0.5
/** Some four minutes. Only where others need the room: until then nothing is gained by giving up. */
const TRIES_MAX = 10
/** Of the 30 s that a graceful shutdown has. */
const STOP_MS = 3000
