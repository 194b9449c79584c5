import type { AlertRule, RuleScope } from './alert-rule.ts'

/** The pods themselves, and what the operator says of them. */
export function podAlerts({ generator, pods, operator }: RuleScope): AlertRule[] {
  const { name, namespace = 'default' } = generator.metadata
  const look = `kubectl --namespace ${namespace} idgen status ${name}`
  const none: AlertRule[] = [
    {
      alert: 'IdgenDown',
      expr: `absent(up{${pods}} == 1)`,
      for: '30s',
      severity: 'critical',
      summary: 'No pod answers',
      description: `Prometheus reaches no pod of ${namespace}/${name}. Look at them: ${look}`,
    },
  ]
  return [
    // Nobody misses pods that nobody wants.
    ...(generator.spec.replicas === 0 ? [] : none),
    {
      alert: 'IdgenPodNotReady',
      expr: `idgen_ready{${pods}} == 0 or up{${pods}} == 0`,
      for: '2m',
      severity: 'warning',
      summary: 'A pod is not ready',
      description: `Pod {{ $labels.pod }} serves nobody: kubectl --namespace ${namespace} describe pod {{ $labels.pod }}`,
    },
    {
      alert: 'IdgenReplicasMissing',
      expr: `idgen_operator_replicas{${operator},state="ready"} < ignoring(state) idgen_operator_replicas{${operator},state="wanted"}`,
      for: '5m',
      severity: 'warning',
      summary: 'Fewer pods are ready than wanted',
      description: `{{ $value }} are ready. Nodes may be full, or pods may not start: ${look}`,
    },
    {
      alert: 'IdgenRolloutFailed',
      expr: `max(idgen_operator_rollout_failed{${operator}}) > 0`,
      for: '0s',
      severity: 'warning',
      summary: 'A new revision was rolled back',
      description: `It stays blocked until it is retried or the spec changes. What was measured: ${look}`,
    },
    {
      alert: 'IdgenCertificateEnds',
      expr: `min(idgen_operator_certificate_expiry_seconds{${operator}}) - time() < 7 * 24 * 3600`,
      for: '1m',
      severity: 'critical',
      summary: 'The certificate of the pods ends within 7 days',
      description:
        'It is {{ $value | humanizeDuration }} from its end and should have been renewed long ago. Look at the condition CredentialsValid.',
    },
  ]
}
