import type { MetricReading } from './judge-canary.ts'

/** The query with $revision and $namespace filled in, both plain names that need no quoting inside PromQL strings. */
export function fillQuery(
  query: string,
  names: { readonly revision: string; readonly namespace: string },
): string {
  return query.replaceAll('$revision', names.revision).replaceAll('$namespace', names.namespace)
}

/**
 * The one number in an answer of GET /api/v1/query. No series is no value; several say nothing, for it would be
 * chance which one is judged.
 */
export function readPrometheusAnswer(body: unknown, samples: number): MetricReading {
  if (!isRecord(body)) return { samples, error: 'Prometheus answered with something that is no object' }
  if (body['status'] !== 'success') return { samples, error: refusalIn(body) }
  const data = body['data']
  if (!isRecord(data)) return { samples, error: 'Prometheus answered without data' }
  const { resultType: type, result } = data
  if (type === 'scalar') return readPoint(result, samples)
  if (type !== 'vector' || !Array.isArray(result))
    return {
      samples,
      unclear: `the query gives ${TYPES.has(type) ? `a ${String(type)}` : 'what no query gives'}; it must give one number`,
    }
  if (result.length === 0) return { samples, unseen: true }
  if (result.length > 1)
    return { samples, unclear: `the query gives ${result.length} series; it must give one` }
  const [series] = result as unknown[]
  return readPoint(isRecord(series) ? series['value'] : undefined, samples)
}

/**
 * Why Prometheus refuses. Its words only where they are its own: `prometheusUrl` may name any server within the operator's
 * reach, and the status of an IdGenerator is no place to read the pages of that one.
 */
function refusalIn({ status, errorType, error }: Record<string, unknown>): string {
  if (status !== 'error') return 'Prometheus answered with neither success nor an error'
  if (!ERRORS.has(errorType) || typeof error !== 'string')
    return 'Prometheus answered with an error of no known type'
  return `Prometheus: ${error.slice(0, ERROR_MAX)}`
}

const ERROR_MAX = 300
/** Of Prometheus (web/api/v1/api.go). */
const ERRORS: ReadonlySet<unknown> = new Set([
  'bad_data',
  'canceled',
  'execution',
  'internal',
  'not_acceptable',
  'not_found',
  'timeout',
  'unavailable',
])
/** Besides `scalar`, and `vector` in its right form. */
const TYPES: ReadonlySet<unknown> = new Set(['matrix', 'string', 'vector'])

/** [time, "0.25"] */
function readPoint(point: unknown, samples: number): MetricReading {
  const text: unknown = Array.isArray(point) ? point[1] : undefined
  if (typeof text !== 'string') return { samples, error: 'Prometheus answered without a value' }
  const value =
    text === '+Inf' ? Number.POSITIVE_INFINITY : text === '-Inf' ? Number.NEGATIVE_INFINITY : Number(text)
  return { samples, value }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
