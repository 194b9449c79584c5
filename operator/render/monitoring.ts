import type { IdGenerator } from '../api/kinds.ts'
import { LABELS } from '../api/marks.ts'
import { ruleGroups } from './alert-groups.ts'
import { ruleScope } from './alert-rule.ts'
import type { Installation } from './installation.ts'
import { ownedObject } from './metadata.ts'
import { KINDS, type OptionalKind } from './object-kinds.ts'
import type { RenderedObject } from './rendered-object.ts'
import { METRICS } from './services.ts'

/** Kinds of the Prometheus operator that the spec wants. */
export function wantedMonitoring({ spec: { monitoring } }: IdGenerator): OptionalKind[] {
  return [
    ...(monitoring.serviceMonitor ? ['ServiceMonitor' as const] : []),
    ...(monitoring.prometheusRule ? ['PrometheusRule' as const] : []),
  ]
}

export function monitoring({ generator, optionalKinds, runbooks }: Installation): RenderedObject[] {
  const kinds = wantedMonitoring(generator).filter((kind) => optionalKinds.has(kind))
  return kinds.map((kind) =>
    kind === 'ServiceMonitor' ? serviceMonitor(generator) : prometheusRule(generator, runbooks),
  )
}

function serviceMonitor(generator: IdGenerator): RenderedObject {
  const { name } = generator.metadata
  const { interval, labels = {} } = generator.spec.monitoring
  const spec = {
    selector: { matchLabels: { [LABELS.generator]: name, [LABELS.component]: METRICS } },
    // The rules select by it: job is the IdGenerator's name.
    jobLabel: LABELS.generator,
    podTargetLabels: [LABELS.revision],
    endpoints: [{ port: 'metrics', path: '/metrics', interval }],
  }
  return ownedObject(generator, KINDS.ServiceMonitor, name, { spec }, { labels })
}

function prometheusRule(generator: IdGenerator, runbooks: string | undefined): RenderedObject {
  const { name } = generator.metadata
  const { labels = {} } = generator.spec.monitoring
  const naming = { name: `idgen.${name}`, labels: alertLabels(generator), ...(runbooks && { runbooks }) }
  const spec = { groups: ruleGroups(ruleScope(generator), naming) }
  return ownedObject(generator, KINDS.PrometheusRule, name, { spec }, { labels })
}

/** On every alert: sums lose the labels of what they sum, and Alertmanager routes by these. */
export function alertLabels({ metadata: { name, namespace = 'default' } }: IdGenerator) {
  return { namespace, [ALERT_GENERATOR]: name }
}

export const ALERT_GENERATOR = 'idgen_generator'
