import type { MetricBound } from '../core/analysis-verdict.ts'
import type { MetricReading } from '../core/judge-canary.ts'
import type { AskedMetrics } from '../core/measure-traffic.ts'
import { fillQuery, readPrometheusAnswer } from '../core/prometheus-answer.ts'
import type { BoundedGet } from './bounded-get.ts'
import type { WatchedCanary } from './canary-watch.ts'

/**
 * What a Prometheus server says about the metrics that have a query. The number of requests behind them is that of the
 * pods themselves: a query does not tell it.
 */
export async function askPrometheus(
  { generator, request }: WatchedCanary,
  bounds: readonly MetricBound[],
  requests: { readonly canary: number; readonly stable: number },
  { get, signal }: { readonly get: BoundedGet; readonly signal: AbortSignal },
): Promise<AskedMetrics> {
  const { provider, prometheusUrl } = generator.spec.canary.analysis
  const asked = new Map<string, { canary: MetricReading; stable?: MetricReading }>()
  if (provider !== 'Prometheus' || prometheusUrl === undefined) return asked
  const namespace = generator.metadata.namespace ?? 'default'
  const ask = async (query: string, revision: string, samples: number): Promise<MetricReading> => {
    const url = queryUrl(prometheusUrl, fillQuery(query, { revision, namespace }))
    try {
      return readPrometheusAnswer(JSON.parse(await get(url, LIMITS, signal)), samples)
    } catch (thrown) {
      signal.throwIfAborted()
      return { samples, error: thrown instanceof Error ? thrown.message : String(thrown) }
    }
  }
  for (const { name, query } of bounds) {
    if (query === undefined) continue
    const own = await ask(query, request.canary, requests.canary)
    const other = request.stable === undefined ? undefined : await ask(query, request.stable, requests.stable)
    asked.set(name, { canary: own, ...(other === undefined ? {} : { stable: other }) })
  }
  return asked
}

function queryUrl(base: string, query: string): string {
  const url = new URL(`${base.replace(/\/$/, '')}/api/v1/query`)
  url.searchParams.set('query', query)
  return url.href
}

/** One number; a query that takes longer is too heavy to be asked every half minute. */
const LIMITS = { timeoutMs: 10_000, maxBytes: 1024 * 1024 }
