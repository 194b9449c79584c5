import type { MetricBound } from './analysis-verdict.ts'
import type { MeasuredMetric, MetricReading } from './judge-canary.ts'
import { countOf, quantile, quantileRange } from './latency.ts'
import type { Traffic } from './revision-traffic.ts'

/** The metrics that idgen's own pods tell. */
export const OWN_METRICS = ['errorRate', 'p99Milliseconds', 'degradedShare'] as const
type OwnMetric = (typeof OWN_METRICS)[number]

/** What was asked of Prometheus, by the name of the metric. */
export type AskedMetrics = ReadonlyMap<
  string,
  { readonly canary: MetricReading; readonly stable?: MetricReading }
>

/**
 * Every metric of the plan, for both revisions: one with a query from what Prometheus said, the others from the pods.
 * `stable` is undefined when it has no pods.
 */
export function measureTraffic(
  bounds: readonly MetricBound[],
  canary: Traffic,
  stable: Traffic | undefined,
  asked: AskedMetrics,
): MeasuredMetric[] {
  return bounds.map((bound): MeasuredMetric => {
    const answer = bound.query === undefined ? undefined : asked.get(bound.name)
    if (answer !== undefined) return { bound, ...answer }
    const name = OWN_METRICS.find((one) => one === bound.name)
    if (bound.query !== undefined || name === undefined)
      return { bound, canary: { samples: requestsOf(canary), unclear: UNASKED } }
    return {
      bound,
      canary: readingOf(name, canary),
      ...(stable === undefined ? {} : { stable: readingOf(name, stable) }),
    }
  })
}

const UNASKED = 'it has a query, which only the provider Prometheus answers'

/** Answered or not. */
export function requestsOf({ answered, failed }: Traffic): number {
  return answered + failed
}

function readingOf(name: OwnMetric, traffic: Traffic): MetricReading {
  const { answered, failed, degraded, durations } = traffic
  const requests = requestsOf(traffic)
  switch (name) {
    case 'errorRate':
      return { samples: requests, ...(requests === 0 ? {} : { value: failed / requests }) }
    case 'degradedShare':
      return {
        samples: answered,
        ...(answered === 0 || degraded === undefined ? {} : { value: degraded / answered }),
      }
    case 'p99Milliseconds': {
      if (durations === undefined) return { samples: requests }
      const found = quantile(durations, 0.99)
      const range = quantileRange(durations, 0.99)
      return {
        samples: countOf(durations),
        ...(found === undefined ? {} : { value: found.seconds * 1000, atLeast: found.atLeast }),
        ...(range === undefined ? {} : { range: { low: range.low * 1000, high: range.high * 1000 } }),
      }
    }
  }
}
