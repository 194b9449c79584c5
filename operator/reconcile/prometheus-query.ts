import type { MetricBound } from '../core/analysis-verdict.ts'
import type { MetricReading } from '../core/judge-canary.ts'
import { isLinkLocalHost, NOT_LINK_LOCAL } from '../core/link-local-host.ts'
import type { AskedMetrics } from '../core/measure-traffic.ts'
import { fillQuery, readPrometheusAnswer } from '../core/prometheus-answer.ts'
import type { BoundedGet } from './bounded-get.ts'
import type { WatchedCanary } from './canary-watch.ts'
import { guardedLookup } from './guarded-lookup.ts'

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
    try {
      const url = queryUrl(prometheusUrl, fillQuery(query, { revision, namespace }))
      return readPrometheusAnswer(parsed(await get(url, LIMITS, signal)), samples)
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

/**
 * Of what the author of an IdGenerator names only the server and a path before ours count: with a query or a fragment at
 * its end any page of any server within the operator's reach would be asked for.
 */
function queryUrl(base: string, query: string): string {
  const url = new URL(base)
  if (isLinkLocalHost(url.hostname)) throw new Error(`prometheusUrl: ${NOT_LINK_LOCAL}`)
  url.pathname = `${url.pathname.replace(/\/$/, '')}/api/v1/query`
  url.search = new URLSearchParams({ query }).toString()
  url.hash = ''
  return url.href
}

/** undefined where it is no JSON. Node's own words would quote the page, which may be of another server than Prometheus. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** One number; a query that takes longer is too heavy to be asked every half minute. */
const LIMITS = { timeoutMs: 10_000, maxBytes: 1024 * 1024, lookup: guardedLookup() }
