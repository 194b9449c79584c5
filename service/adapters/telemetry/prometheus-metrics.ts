import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client'

/** A number read when Prometheus asks; the hot path only adds to plain counters. */
export interface MetricSource {
  readonly name: string
  readonly help: string
  readonly kind: 'counter' | 'gauge'
  readonly labels: readonly string[]
  /** Calls `set` once per label combination, with the label values in the order of `labels`. */
  readonly read: (set: (labelValues: readonly string[], value: number) => void) => void
}

/** Folds plain counters into Prometheus text at scrape time. */
export class PrometheusMetrics {
  readonly #registry = new Registry()

  constructor(sources: readonly MetricSource[]) {
    collectDefaultMetrics({ register: this.#registry })
    for (const source of sources) this.#register(source)
  }

  async scrape(): Promise<{ contentType: string; text: string }> {
    return { contentType: this.#registry.contentType, text: await this.#registry.metrics() }
  }

  #register({ name, help, kind, labels, read }: MetricSource): void {
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
