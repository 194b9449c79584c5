import type { MetricSource } from './adapters/telemetry/prometheus-metrics.ts'

/** A metric without labels, read from a plain value when scraped. */
export function gauge(name: string, help: string, value: () => number): MetricSource {
  return { name, help, kind: 'gauge', labels: [], read: (set) => set([], value()) }
}

/** The same for a value that only grows. */
export function counter(name: string, help: string, value: () => number): MetricSource {
  return { name, help, kind: 'counter', labels: [], read: (set) => set([], value()) }
}
