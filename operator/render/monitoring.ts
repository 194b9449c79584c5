import type { IdGenerator } from '../api/kinds.ts'
import { ANNOTATIONS, LABELS } from '../api/marks.ts'
import { alertRules, ruleGroups } from './alert-groups.ts'
import { ruleScope } from './alert-rule.ts'
import type { Installation } from './installation.ts'
import { ownedObject } from './metadata.ts'
import { NAMES, servedName } from './names.ts'
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

export function monitoring(installation: Installation): RenderedObject[] {
  const { generator, optionalKinds, runbooks } = installation
  const kinds = wantedMonitoring(generator).filter((kind) => optionalKinds.has(kind))
  return kinds.map((kind) =>
    kind === 'ServiceMonitor' ? serviceMonitor(installation) : prometheusRule(generator, runbooks),
  )
}

function serviceMonitor(installation: Installation): RenderedObject {
  const { generator } = installation
  const { name } = generator.metadata
  const { interval, labels = {} } = generator.spec.monitoring
  const spec = {
    selector: { matchLabels: { [LABELS.generator]: name, [LABELS.component]: METRICS } },
    // The rules select by it: job is the IdGenerator's name.
    jobLabel: LABELS.generator,
    podTargetLabels: [LABELS.revision],
    endpoints: [{ port: 'metrics', path: '/metrics', interval, ...encryption(installation) }],
  }
  return ownedObject(generator, KINDS.ServiceMonitor, name, { spec }, { labels })
}

/** Each pod is asked as it was made: while a canary is under way some may speak TLS and some not. */
function encryption({ generator, revisions, caCertificate }: Installation): object {
  const encrypts =
    generator.spec.tls.metrics === true || revisions.some(({ record }) => record.inputs.tls.metrics === true)
  if (!encrypts) return {}
  const annotation = ANNOTATIONS.metricsScheme.replace(/[^a-z]/g, '_')
  const sourceLabels = [`__meta_kubernetes_pod_annotation_${annotation}`]
  const ca = { configMap: { name: NAMES.authority(generator.metadata.name), key: 'ca.crt' } }
  return {
    relabelings: [{ sourceLabels, regex: 'https', targetLabel: '__scheme__', replacement: 'https' }],
    // Without an authority of its own: those that Prometheus trusts anyway.
    tlsConfig: { serverName: servedName(generator), ...(caCertificate === undefined ? {} : { ca }) },
  }
}

function prometheusRule(generator: IdGenerator, runbooks: string | undefined): RenderedObject {
  const { name } = generator.metadata
  const { labels = {} } = generator.spec.monitoring
  const naming = { name: `idgen.${name}`, labels: alertLabels(generator), ...(runbooks && { runbooks }) }
  const spec = { groups: ruleGroups(alertRules(ruleScope(generator)), naming) }
  return ownedObject(generator, KINDS.PrometheusRule, name, { spec }, { labels })
}

/** On every alert: sums lose the labels of what they sum, and Alertmanager routes by these. */
export function alertLabels({ metadata: { name, namespace = 'default' } }: IdGenerator) {
  return { namespace, [ALERT_GENERATOR]: name }
}

export const ALERT_GENERATOR = 'idgen_generator'
