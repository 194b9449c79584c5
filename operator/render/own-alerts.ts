import type { AlertRule } from './alert-rule.ts'
import { endsSoon } from './ends-soon.ts'

/** What the operator says of itself: once for a cluster, so the chart brings these rules, and no IdGenerator does. */
export const OWN_ALERTS: readonly AlertRule[] = [
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
]
