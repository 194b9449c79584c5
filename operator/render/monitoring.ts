import type { IdGenerator } from '../api/kinds.ts'
import { LABELS } from '../api/marks.ts'
import { type AlertRule, ruleScope } from './alert-rule.ts'
import { capacityAlerts } from './capacity-alerts.ts'
import type { Installation } from './installation.ts'
import { ownedObject } from './metadata.ts'
import { KINDS, type OptionalKind } from './object-kinds.ts'
import { podAlerts } from './pod-alerts.ts'
import { promiseAlerts } from './promise-alerts.ts'
import type { RenderedObject } from './rendered-object.ts'
import { METRICS } from './services.ts'
import { storeAlerts } from './store-alerts.ts'
import { trafficAlerts } from './traffic-alerts.ts'
import { workerAlerts } from './worker-alerts.ts'

/** Kinds of the Prometheus operator that the spec wants. */
export function wantedMonitoring({ spec: { monitoring } }: IdGenerator): OptionalKind[] {
  return [
    ...(monitoring.serviceMonitor ? ['ServiceMonitor' as const] : []),
    ...(monitoring.prometheusRule ? ['PrometheusRule' as const] : []),
  ]
}

export function monitoring({ generator, optionalKinds }: Installation): RenderedObject[] {
  const kinds = wantedMonitoring(generator).filter((kind) => optionalKinds.has(kind))
  return kinds.map((kind) =>
    kind === 'ServiceMonitor' ? serviceMonitor(generator) : prometheusRule(generator),
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

function prometheusRule(generator: IdGenerator): RenderedObject {
  const { name } = generator.metadata
  const { labels = {} } = generator.spec.monitoring
  const rules = alertRules(generator).map(({ severity, summary, description, ...rule }) => ({
    ...rule,
    labels: { severity, ...alertLabels(generator) },
    annotations: { summary, description, runbook_url: `${RUNBOOKS}${rule.alert}` },
  }))
  // Looked at every 15 s and holding for 30 s, a fault fires within a minute.
  const spec = { groups: [{ name: `idgen.${name}`, interval: '15s', rules }] }
  return ownedObject(generator, KINDS.PrometheusRule, name, { spec }, { labels })
}

export function alertRules(generator: IdGenerator): AlertRule[] {
  const scope = ruleScope(generator)
  return [
    ...trafficAlerts(scope),
    ...storeAlerts(scope),
    ...capacityAlerts(scope),
    ...promiseAlerts(scope),
    ...workerAlerts(scope),
    ...podAlerts(scope),
  ]
}

/** On every alert: sums lose the labels of what they sum, and Alertmanager routes by these. */
export function alertLabels({ metadata: { name, namespace = 'default' } }: IdGenerator) {
  return { namespace, [ALERT_GENERATOR]: name }
}

export const ALERT_GENERATOR = 'idgen_generator'

/** A page for each alert: what it means, what to look at, what to do. */
const RUNBOOKS = 'https://idgen.io/runbooks/'
