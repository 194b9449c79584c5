import type { AlertRule, RuleScope } from './alert-rule.ts'

/** What the operator says of an IdGenerator. */
export function operatorAlerts({ operator, look }: RuleScope): AlertRule[] {
  return [
    {
      alert: 'IdgenReplicasMissing',
      expr: `idgen_operator_replicas{${operator},state="ready"} < ignoring(state) idgen_operator_replicas{${operator},state="wanted"}`,
      for: '5m',
      patience: 'A rollout, a new node and a scaling take minutes and need nobody.',
      severity: 'warning',
      summary: 'Fewer pods are ready than wanted',
      description: `{{ $value }} are ready. Nodes may be full, or pods may not start: ${look}`,
    },
    {
      alert: 'IdgenRolloutFailed',
      expr: `max by (generator_namespace, generator) (idgen_operator_rollout_failed{${operator}}) > 0`,
      for: '0s',
      severity: 'warning',
      summary: 'A new revision was rolled back',
      description: `It stays blocked until it is retried or the spec changes. What was measured: ${look}`,
    },
    {
      alert: 'IdgenCertificateEnds',
      expr: `min by (generator_namespace, generator) (idgen_operator_certificate_expiry_seconds{${operator}}) - time() < 7 * 86400`,
      for: '15s',
      severity: 'critical',
      summary: 'The certificate of the pods ends within 7 days',
      description:
        'It is {{ $value | humanizeDuration }} from its end and should have been renewed long ago. Look at the condition CredentialsValid.',
    },
  ]
}
