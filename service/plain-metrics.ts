import type { MetricSource } from './adapters/telemetry/prometheus-metrics.ts'

/** A metric without labels, read from a plain value when scraped. */
export function gauge(name: string, help: string, value: () => number): MetricSource {
  return { name, help, kind: 'gauge', labels: [], read: (set) => set([], value()) }
}

/** The same for a value that only grows. */
export function counter(name: string, help: string, value: () => number): MetricSource {
  return { name, help, kind: 'counter', labels: [], read: (set) => set([], value()) }
}

/** Reads once for all metrics of a scrape, which reads them all in one turn. */
export function oncePerTurn<T>(read: () => T): () => T {
  let found: { readonly value: T } | undefined
  return () => {
    if (found === undefined) {
      found = { value: read() }
      queueMicrotask(() => (found = undefined))
    }
    return found.value
  }
}
