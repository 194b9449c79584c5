import type { AlertRule, RuleScope } from './alert-rule.ts'

/** What callers notice: how much, how fast, how well. */
export function trafficAlerts(scope: RuleScope): AlertRule[] {
  const { pods, window, member, capacityPerSecond, p99Milliseconds, errorPercent, ask } = scope
  const answered = `sum(rate(idgen_generate_requests_total{${pods}}[${window}]))`
  // All that were asked, in one series a process: cheap enough to look at an hour of them every few seconds.
  const asked = (range: string, offset = ''): string =>
    `sum(rate(idgen_generate_duration_seconds_count{${pods}}[${range}]${offset}))`
  const yesterday = asked('1h', ' offset 1d')
  const failures = `sum(rate(idgen_generate_failures_total{${pods}}[${window}]))`
  // Where every request fails there is no series of answered ones, and "no data" would be silence.
  const all = `((${answered} or vector(0)) + ${failures})`
  return [
    {
      alert: 'IdgenQpsHigh',
      // What costs is a request: one answered by a run costs the same for a million IDs as for one.
      expr: `${asked(window)} > 0.8 * ${capacityPerSecond} * count(idgen_ready{${pods}} == 1)`,
      for: '10s',
      severity: 'warning',
      summary: 'More requests come than 80 % of the capacity',
      description: `{{ $value | humanize }} requests a second are more than 80 % of ${capacityPerSecond} for each ready process (spec.alerts.capacityPerSecond). Add pods.`,
    },
    {
      alert: 'IdgenQpsLow',
      // Below 10 requests a second, half of yesterday says nothing. Where no process is left, IdgenDown tells.
      expr: `${asked(window)} < 0.5 * ${yesterday} and ${yesterday} > 10 and ${watchedAllAlong(pods, window)}`,
      for: '10s',
      severity: 'warning',
      summary: 'Less than half of the requests of yesterday at this hour',
      description:
        '{{ $value | humanize }} requests a second. Callers may not reach the service: check Service, Ingress, NetworkPolicy and the callers themselves.',
    },
    {
      alert: 'IdgenLatencyHigh',
      expr: `1000 * histogram_quantile(0.99, sum by (le) (rate(idgen_generate_duration_seconds_bucket{${pods}}[${window}]))) > ${p99Milliseconds}`,
      for: '10s',
      severity: 'warning',
      summary: `P99 is above ${p99Milliseconds} ms`,
      description:
        'One request in a hundred takes longer than {{ $value | humanize }} ms. Look at the CPU of the pods, idgen_database_pool_waiting and the latency of the database.',
    },
    {
      alert: 'IdgenErrorsHigh',
      expr: `100 * ${failures} / ${all} > ${errorPercent}`,
      for: '10s',
      severity: 'critical',
      summary: `More than ${errorPercent} % of the requests fail`,
      description:
        '{{ $value | humanize }} % of the requests for IDs end in an error. The codes are in the logs of the pods and in docs/errors.md.',
    },
    {
      alert: 'IdgenDegraded',
      // While any tag is degraded, and for those that came back between two scrapes: five minutes of their moves.
      expr: `sum(idgen_tags_degraded{${pods}}) > 0 or sum(increase(idgen_router_moves_total{${pods},kind="degraded"}[5m])) > 0`,
      for: '0s',
      severity: 'warning',
      summary: 'Tags are served by a lower algorithm of their chain',
      description: `{{ $value | humanize }} tags, each counted in every process that degraded it; once all are back, it is their moves in the last 5 minutes. IDs are unique all the same, but not the kind that was asked for. A process says why: ${ask}`,
    },
    {
      alert: 'IdgenRequestsWait',
      expr: `sum by (${member}) (idgen_generate_waiting{${pods}}) > 100`,
      for: '30s',
      severity: 'warning',
      summary: 'Requests wait for a grant',
      description: `{{ $value }} requests of {{ $labels.${member} }} wait. The database allocates too slowly, or the steps of busy tags are too small.`,
    },
  ]
}

/**
 * Whether something was scraped in the first quarter of the window already. A Prometheus that has just started, or
 * come back, knows the end of the window alone, and would take it for all that was asked.
 */
function watchedAllAlong(pods: string, window: string): string {
  const quarter = Math.floor(Number.parseInt(window, 10) / 4)
  return `count(count_over_time(up{${pods}}[${quarter}s] offset ${3 * quarter}s)) > 0`
}
