import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { DurationCounts } from '../../core/duration-histogram.ts'
import type { TraceExample } from '../../core/trace-examples.ts'
import { OPEN_METRICS, openMetrics } from './open-metrics.ts'

/** Read when Prometheus asks; the hot path only adds to plain counters. */
export type MetricSource = NumberSource | HistogramSource

export interface NumberSource {
  readonly name: string
  readonly help: string
  readonly kind: 'counter' | 'gauge'
  readonly labels: readonly string[]
  /** Calls `set` once per label combination, with the label values in the order of `labels`. */
  readonly read: (set: (labelValues: readonly string[], value: number) => void) => void
}

interface HistogramSource {
  readonly name: string
  readonly help: string
  readonly kind: 'histogram'
  /** Upper bounds of the classes, ascending. */
  readonly bounds: readonly number[]
  /** Beside `le`. */
  readonly labels: readonly string[]
  /** As of a NumberSource. */
  readonly read: (set: (labelValues: readonly string[], counts: DurationCounts) => void) => void
}

/** Examples of traces for one of the histograms. */
export interface TracedHistogram {
  readonly histogram: string
  /** For each of its classes, then for the open one. */
  readonly read: () => readonly (TraceExample | undefined)[]
}

/** Folds plain counters into Prometheus text at scrape time. */
export class PrometheusMetrics {
  readonly #registry = new Registry()
  readonly #traced: TracedHistogram | undefined

  /** `traced`: left out where nothing is traced. */
  constructor(sources: readonly MetricSource[], traced?: TracedHistogram) {
    this.#traced = traced
    collectDefaultMetrics({ register: this.#registry })
    for (const source of sources)
      if (source.kind === 'histogram') this.#registry.registerMetric(new FoldedHistogram(source))
      else this.#register(source)
  }

  /** `open`: as OpenMetrics, with examples of traces; where nothing is traced there are none, and all get the same. */
  async scrape(open = false): Promise<{ contentType: string; text: string }> {
    const text = await this.#registry.metrics()
    if (!open || this.#traced === undefined) return { contentType: this.#registry.contentType, text }
    const { histogram, read } = this.#traced
    return { contentType: OPEN_METRICS, text: openMetrics(text, histogram, read()) }
  }

  #register({ name, help, kind, labels, read }: NumberSource): void {
    const options = { name, help, labelNames: [...labels], registers: [this.#registry] }
    if (kind === 'gauge') {
      new Gauge({
        ...options,
        collect() {
          this.reset()
          read((values, value) => this.set(labelled(labels, values), value))
        },
      })
      return
    }
    new Counter({
      ...options,
      collect() {
        // The source holds the total since the start; a counter is set by starting anew and adding it.
        this.reset()
        read((values, value) => this.inc(labelled(labels, values), value))
      },
    })
  }
}

function labelled(labels: readonly string[], values: readonly string[]): Record<string, string> {
  return Object.fromEntries(labels.map((label, index) => [label, values[index] ?? '']))
}

/** The library's own histogram wants each duration for itself; this one has them counted already. */
class FoldedHistogram extends Histogram {
  readonly #source: HistogramSource

  constructor(source: HistogramSource) {
    const { name, help, bounds } = source
    super({ name, help, buckets: [...bounds], registers: [] })
    this.#source = source
  }

  /** What the registry prints, and what `get` rests on; the library's types leave it out. */
  async getForPromString() {
    const { name, help, bounds, labels, read } = this.#source
    const values: HistogramValue[] = []
    read((labelValues, { atMost, count, sumSeconds }) => {
      const of = labelled(labels, labelValues)
      const one = (suffix: string, value: number, more: Record<string, string | number> = {}): void =>
        void values.push({ labels: { ...of, ...more }, value, metricName: `${name}_${suffix}` })
      for (const [at, le] of bounds.entries()) one('bucket', atMost[at] ?? count, { le })
      one('bucket', count, { le: '+Inf' })
      one('sum', sumSeconds)
      one('count', count)
    })
    return { name, help, type: 'histogram', values, aggregator: 'sum' }
  }
}

interface HistogramValue {
  readonly labels: Record<string, string | number>
  readonly value: number
  readonly metricName: string
}
