import type { AlertRule } from './alert-rule.ts'
import { endsSoon } from './ends-soon.ts'

/**
 * What the operator says of itself, and that it says nothing: once for a cluster, so the chart brings these rules, and no
 * IdGenerator does. The chart puts its namespace and the name of its Service, by which Prometheus knows the operator, in.
 */
export const OWN_ALERTS_OF_CHART = ownAlerts(
  'absent(up{namespace="RELEASE_NAMESPACE",job="OPERATOR_SERVICE"} == 1)',
)

/** For a Prometheus that is wired by hand (docs/kubernetes.md): nobody misses an operator that it was not told of. */
export const OWN_ALERTS = ownAlerts(
  'count by (job) (up{job="idgen-operator"}) unless count by (job) (up{job="idgen-operator"} == 1)',
)

function ownAlerts(down: string): readonly AlertRule[] {
  return [
    {
      alert: 'IdgenOperatorCertificateEnds',
      // By namespace: of the operator, where Kubernetes runs it. Its replicas have one certificate.
      expr: `min by (namespace) (${endsSoon('idgen_operator_status_certificate_end_timestamp_seconds', 'idgen_operator_status_certificate_start_timestamp_seconds')})`,
      for: '15s',
      severity: 'critical',
      summary: "The certificate of the operator's port ends soon",
      description:
        'It is {{ $value | humanizeDuration }} from its end; then Prometheus asks the operator no more, and what it says of IdGenerators is missed. Renew the Secret of metrics.tls: it is read again without a restart.',
    },
    {
      alert: 'IdgenOperatorDown',
      expr: down,
      for: '2m',
      patience: 'A drained node and an upgrade move it. IDs go on without it, and pods are replaced.',
      severity: 'warning',
      summary: 'No operator answers',
      description:
        'Prometheus reaches no process of the operator: nobody sees to IdGenerators and BizTags, and what it says of them is missed, alerts included. IDs go on. Look at its pods and their log, and whether only the scrape fails.',
    },
  ]
}
