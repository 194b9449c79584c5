import type { AlertRule, RuleScope } from './alert-rule.ts'
import { endsSoon } from './ends-soon.ts'

/** The processes themselves. */
export function podAlerts(scope: RuleScope): AlertRule[] {
  const { title, pods, member, wanted, look, lookAtMember } = scope
  const none: AlertRule[] = [
    {
      alert: 'IdgenDown',
      expr: `absent(up{${pods}} == 1)`,
      for: '15s',
      severity: 'critical',
      summary: 'No process answers',
      description: `Prometheus reaches no process of ${title}. Look at them: ${look}`,
    },
  ]
  const end = `idgen_certificate_end_timestamp_seconds{${pods}}`
  const start = `idgen_certificate_start_timestamp_seconds{${pods}}`
  return [
    // Nobody misses pods that nobody wants.
    ...(wanted ? none : []),
    {
      alert: 'IdgenPodNotReady',
      expr: `idgen_ready{${pods}} == 0 or up{${pods}} == 0`,
      for: '2m',
      patience:
        'A pod that starts, or is moved, is not ready for a while. Without any, IdgenDown tells after 15 s.',
      severity: 'warning',
      summary: 'A process is not ready',
      description: `{{ $labels.${member} }} serves nobody: ${lookAtMember}`,
    },
    {
      alert: 'IdgenThreadDied',
      expr: `increase(idgen_thread_deaths_total{${pods}}[15m]) > 0`,
      for: '0s',
      severity: 'warning',
      summary: 'A protocol thread ended or hung',
      description: `{{ $labels.${member} }} replaced it; what it held was burnt, and its connections were closed. Its log says why.`,
    },
    ...refusals(scope),
    {
      alert: 'IdgenEventLoopSlow',
      // The worst of 15 to 30 s: a single pause does not fire, one in each of them for a minute does.
      expr: `max by (${member}, thread) (idgen_thread_late_seconds{${pods}}) > 0.25`,
      for: '1m',
      patience: 'One collection of memory, or the start of a process, makes a single slow reading.',
      severity: 'warning',
      summary: 'A thread is late again and again',
      description: `{{ $labels.${member} }} comes to its work up to {{ $value | humanizeDuration }} late (thread: {{ $labels.thread }}), and callers wait as long: it has too little CPU, or too much memory is collected.`,
    },
    {
      alert: 'IdgenServedCertificateEnds',
      expr: `min(${endsSoon(end, start)})`,
      for: '15s',
      severity: 'critical',
      summary: 'The certificate that callers are shown ends soon',
      description:
        'It is {{ $value | humanizeDuration }} from its end. Renew the files of server.https.cert and server.https.key: they are read again without a restart.',
    },
  ]
}

/** Who was turned away before anybody looked at what he wants. */
function refusals({ pods, member }: RuleScope): AlertRule[] {
  return [
    {
      alert: 'IdgenConnectionsRefused',
      // One that is turned away now and then is a client that tries again.
      expr: `sum by (${member}, protocol, reason) (increase(idgen_connections_refused_total{${pods}}[5m])) > 10`,
      for: '0s',
      severity: 'warning',
      summary: 'Connections are turned away',
      description: `{{ $labels.${member} }} refused {{ $value | humanize }} over {{ $labels.protocol }} in 5 minutes; protocol metrics: somebody takes up the places of the metrics port; of the others reason full: server.{{ $labels.protocol }}.maxConnections, address: server.maxConnectionsPerAddress.`,
    },
    {
      alert: 'IdgenManagementRefused',
      // As above: a program that manages in parallel may once be told to come again.
      expr: `sum by (${member}, reason) (increase(idgen_thread_unpassed_total{${pods}}[5m])) > 10`,
      for: '0s',
      severity: 'warning',
      summary: 'Requests for anything but IDs are refused',
      description: `{{ $labels.${member} }} refused {{ $value | humanize }} in 5 minutes with IDGEN_OVERLOADED; reason full: the main thread or the database is slow, address: one client asks for too much at once. IDs are not concerned.`,
    },
  ]
}
