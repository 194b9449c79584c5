import { Registry } from 'prom-client'
import { watchGenerators } from '../operator/reconcile/generator-metrics.ts'
import { watchStatusCertificate } from '../operator/runtime/status-certificate-metrics.ts'

/** What the operator tells that controller-runtime has no name for, as a scrape has it, and the labels of each metric. */
export async function operatorMetrics(): Promise<{
  readonly text: string
  readonly labels: ReadonlyMap<string, readonly string[]>
}> {
  const registry = new Registry()
  watchGenerators(registry, () => ({ idGenerators: [], bizTags: [] }))
  watchStatusCertificate(registry, { life: { startMs: 0, endMs: 0 } })
  const labels = registry
    .getMetricsAsArray()
    .map(
      (metric) => [metric.name, 'labelNames' in metric ? [...(metric.labelNames as string[])] : []] as const,
    )
  return { text: await registry.metrics(), labels: new Map(labels) }
}
