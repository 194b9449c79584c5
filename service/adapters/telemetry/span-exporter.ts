import type { EndedSpan } from '../../core/ended-span.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Log } from '../../ports/log.ts'

/** What became of a batch that was sent. */
export type Sent =
  /** `rejected`: spans of it that were not kept. */
  | { readonly kind: 'taken'; readonly rejected: number }
  /** It will never be taken. */
  | { readonly kind: 'refused'; readonly why: string }
  /** Nobody answers, or too much was sent; `afterMs`: when to try again, where that was said. */
  | { readonly kind: 'later'; readonly why: string; readonly afterMs: number | undefined }

export interface SpanExporterOptions {
  /** Never rejects, and ends within some seconds. */
  readonly send: (spans: readonly EndedSpan[]) => Promise<Sent>
  readonly clock: Clock
  readonly log: Log
  /** Spans that wait at most; further ones are dropped, or a collector that is away would fill the memory. */
  readonly queueMax: number
}

/** Sends spans in batches, one at a time, beside all else: what a collector does is never felt by a caller. */
export class SpanExporter {
  /** Since the start. */
  readonly counters = { exported: 0, dropped: 0, refused: 0 }
  readonly #options: SpanExporterOptions
  #queue: EndedSpan[] = []
  #timer: Disposable | undefined
  #sending: Promise<void> | undefined
  #backoffMs = 0
  #stopped = false

  constructor(options: SpanExporterOptions) {
    this.#options = options
  }

  get waiting(): number {
    return this.#queue.length
  }

  readonly add = (spans: readonly EndedSpan[]): void => {
    const room = Math.max(0, this.#options.queueMax - this.#queue.length)
    for (const span of spans.slice(0, room)) this.#queue.push(span)
    this.counters.dropped += Math.max(0, spans.length - room)
    if (this.#sending !== undefined || this.#stopped) return
    if (this.#timer === undefined) this.#sendIn(FLUSH_MS)
    else if (this.#queue.length >= BATCH_MAX && this.#backoffMs === 0) this.#sendIn(0)
  }

  /** Sends what waits, for a moment; what cannot be sent is dropped and counted. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#timer?.[Symbol.dispose]()
    const late = Promise.withResolvers<void>()
    using _timer = this.#options.clock.after(STOP_MS, () => late.resolve())
    await Promise.race([this.#sendAll(), late.promise])
    this.counters.dropped += this.#queue.length
    this.#queue = []
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
        if (this.#queue.length > 0 && !this.#stopped) this.#sendIn(this.#backoffMs || this.#pauseMs())
      })
    })
  }

  #pauseMs(): number {
    return this.#queue.length >= BATCH_MAX ? 0 : FLUSH_MS
  }

  /** false: it is to be sent again, later. */
  async #sendBatch(): Promise<boolean> {
    const batch = this.#queue.slice(0, BATCH_MAX)
    const sent = await this.#options.send(batch)
    if (sent.kind === 'later') {
      if (this.#backoffMs === 0)
        this.#options.log.warn({ why: sent.why }, 'spans of traces cannot be exported now')
      this.#backoffMs = Math.min(
        BACKOFF_MAX_MS,
        Math.max(BACKOFF_MIN_MS, sent.afterMs ?? this.#backoffMs * 2),
      )
      return false
    }
    this.#queue.splice(0, batch.length)
    if (sent.kind === 'refused') {
      this.counters.refused += batch.length
      this.#options.log.warn({ why: sent.why, spans: batch.length }, 'spans of traces were refused')
      // Each batch will be; one line and one try in half a minute are enough.
      this.#backoffMs = BACKOFF_MAX_MS
      return true
    }
    if (this.#backoffMs > 0) this.#options.log.info({}, 'spans of traces are exported again')
    this.#backoffMs = 0
    this.counters.refused += sent.rejected
    this.counters.exported += batch.length - sent.rejected
    return true
  }
}

/** A trace is to be seen while the call is still on a person's mind, and a request a second costs nothing. */
const FLUSH_MS = 1000
/** Some 300 KB of JSON. */
const BATCH_MAX = 512
const BACKOFF_MIN_MS = 1000
const BACKOFF_MAX_MS = 30_000
/** Of the 30 s that a graceful shutdown has. */
const STOP_MS = 3000
