import type { ServiceProcess } from '../fixtures/service-process.ts'

/** Series of idgen and their values, of all services together: the sum of each. */
export type MetricValues = ReadonlyMap<string, number>

export async function readMetrics(services: readonly ServiceProcess[]): Promise<MetricValues> {
  const sums = new Map<string, number>()
  await Promise.all(
    services.map(async ({ metricsOrigin }) => {
      try {
        const response = await fetch(`${metricsOrigin}/metrics`, { signal: AbortSignal.timeout(ASK_MAX_MS) })
        for (const [series, value] of parse(await response.text()))
          sums.set(series, (sums.get(series) ?? 0) + value)
      } catch {
        // Stopped or ended: the others say what there is to see.
      }
    }),
  )
  return sums
}

/**
 * What the metrics showed of a fault: states that were different during it, and counters that only rise when
 * something is wrong. `after` is read when all is well again.
 */
export function metricChanges(before: MetricValues, during: MetricValues, after: MetricValues): string[] {
  const names = new Set([...before.keys(), ...during.keys(), ...after.keys()])
  const told: string[] = []
  for (const series of [...names].sort()) {
    const name = series.replace(/\{.*/, '')
    if (name === 'idgen_worker_id' || USUAL.some((part) => name.includes(part))) continue
    const values = [before, during, after].map((reading) => reading.get(series) ?? 0)
    const [first, ...rest] = values
    if (rest.every((value) => value === first)) continue
    told.push(`${series} ${values.map(shown).join(' → ')}`)
  }
  return told
}

function* parse(text: string): Iterable<[string, number]> {
  for (const line of text.split('\n')) {
    const at = line.lastIndexOf(' ')
    if (line.startsWith('idgen_') && at > 0) yield [line.slice(0, at), Number(line.slice(at + 1))]
  }
}

function shown(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toFixed(2)
}

/** These move with every request, fault or not. */
const USUAL = [
  'generate_requests_total',
  'generate_duration',
  'ids_issued_total',
  'generate_waiting',
  'dc_requests_total',
  'segment_usage_ratio',
  'segment_switches',
  'segment_refills_total',
  'uuid_pool',
  'range_used_ratio',
  'database_pool',
  'api_key_cache',
  'audit_written_total',
  'audit_used_ratio',
  'borrowed_ms_total',
]
const ASK_MAX_MS = 2000
