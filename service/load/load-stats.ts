import { type HistogramState, LatencyHistogram } from './latency-histogram.ts'

/** What one thread counts; handed over and begun anew every interval. */
export class LoadStats {
  /** Answers with as many IDs as were asked for. */
  answers = 0
  ids = 0
  bytesIn = 0
  bytesOut = 0
  /** Sent again on a new connection, because the server closed the old one in an orderly way. */
  resent = 0
  reconnects = 0
  /** From the moment a request was to be sent to its answer. */
  readonly latency = new LatencyHistogram()
  /** The part of it before it was sent: no connection had room, or this tool was late. */
  readonly delay = new LatencyHistogram()
  readonly #errors = new Map<string, ErrorCount>()

  fail(code: string, text: string, count = 1): void {
    // Codes come from the server: a fault of it must not fill the memory here.
    const known = this.#errors.has(code) || this.#errors.size < CODES_MAX ? code : OTHER_CODE
    const before = this.#errors.get(known)
    this.#errors.set(known, {
      code: known,
      count: (before?.count ?? 0) + count,
      example: before?.example ?? text.slice(0, EXAMPLE_MAX),
    })
  }

  drain(): StatsInterval {
    const { answers, ids, bytesIn, bytesOut, resent, reconnects } = this
    this.answers = 0
    this.ids = 0
    this.bytesIn = 0
    this.bytesOut = 0
    this.resent = 0
    this.reconnects = 0
    const errors = [...this.#errors.values()]
    this.#errors.clear()
    const latency = this.latency.drain()
    return { answers, ids, bytesIn, bytesOut, resent, reconnects, errors, latency, delay: this.delay.drain() }
  }
}

export interface ErrorCount {
  readonly code: string
  readonly count: number
  /** What the server said the first time. */
  readonly example: string
}

export interface StatsInterval {
  readonly answers: number
  readonly ids: number
  readonly bytesIn: number
  readonly bytesOut: number
  readonly resent: number
  readonly reconnects: number
  readonly errors: readonly ErrorCount[]
  readonly latency: HistogramState
  readonly delay: HistogramState
}

const CODES_MAX = 64
const OTHER_CODE = 'OTHER'
const EXAMPLE_MAX = 300
