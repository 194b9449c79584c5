import { PrometheusMetrics } from '../service/adapters/telemetry/prometheus-metrics.ts'
import { type Measured, metricSections } from '../service/metric-sources.ts'
import { operatorMetrics } from './operator-metrics.ts'

const INTRODUCTION = `# Metrics

<!-- Made by \`make generate\` from service/metric-sources.ts and what it names. Do not edit. -->

GET /metrics on port 9464 (\`server.metrics.port\`), over TLS with \`server.metrics.tls\`. Counters begin at 0 with the process: use \`rate\` or \`increase\`. The unit
is the end of a name: \`_seconds\` (\`_timestamp_seconds\`: Unix time), \`_ratio\` (0 to 1), \`_total\` (a count that grows); \`_ok\` is 1 or
0. The label \`tag\` names the 1,000 tags with the most requests; counters sum the others as \`_other\`: a tag that comes among them begins at 0, so that no rate jumps. Redis, the
listener for Redis clients, protocol threads and the certificate have metrics only where they are configured. Alerts on these:
[alerts/idgen.yaml](../alerts/idgen.yaml), a page for each in [runbooks](runbooks/README.md).

Where calls are [traced](tracing.md), who asks for OpenMetrics (\`Accept: application/openmetrics-text\`, as Prometheus does) gets an
example for each class of \`idgen_generate_duration_seconds\`: trace and span of the newest traced call that waited so long.

Requests, errors and durations are told by protocol (\`idgen_protocol_requests_total\`, \`idgen_protocol_duration_seconds\`) and by tag
(\`idgen_generate_requests_total\`, \`idgen_tag_failures_total\`, \`idgen_tag_duration_seconds\`), and never by both at once: what either has is
bounded. Only the wait for a grant takes time worth measuring, so only requests that wait are timed; no clock is read for those whose IDs
are in memory. They count as 0, unless the thread that answers them comes late to its work, because it has no CPU, is stopped, collects
garbage or is busy: each looks every 10 ms how late it is, and every 50 ms once nobody has asked it for five seconds. Out of this rest a protocol
thread is woken by the first request that it reads; the main thread, which is told of none, by its next look. Late by 1 ms
or more, what it answered since the look before (a protocol thread at rest: since this look was due) counts as having come evenly meanwhile, so that the share of the late part lay
unread from none of it to all of it. This is seen in the durations of all and by
protocol, not by tag; \`idgen_thread_late_seconds\` says how late it was at worst. Late is counted from the time at which the
next look was due: of a standstill that begins between two looks the part before it is not seen, 11 ms at most, and 51 ms of a thread at
rest; one that ends before it is not seen at all, and the requests that lay there meanwhile count as 0. Nor are the network and what
a client waits for itself.
A scrape between such requests and the end of their turn has them as 0 first: that class then stands still until others have made up for it.
Commands of Redis clients that came together and waited together count each with that wait. A message of a stream, or a line of an
NDJSON stream, counts for itself.
Durations by tag, of waits for grants alone, are those of the 100 tags with the most requests (\`server.metrics.tagDurations\`, 1,000 at most), in six classes, which makes
nine series for each, and of all others together as \`_other\`; 0 leaves them out. Which tags are about to wait shows \`idgen_segment_left_ratio\`.
`

const OF_NODE = `All of the main thread alone, but what begins with \`process_\`; of the protocol threads speak \`idgen_thread_heap_bytes\`,
\`idgen_thread_gc_seconds_total\` and \`idgen_thread_late_seconds\`. A timer of 10 ms measures the event loop, and
\`nodejs_eventloop_lag_min\`, \`_max\`, \`_mean\` and \`_p50\` to \`_p99\` are the whole distance from one look to the next since the scrape before:
subtract 10 ms, what is left is the delay. \`nodejs_eventloop_lag_seconds\`, taken at the scrape, is the delay itself.

`

const OF_OPERATOR = `GET /metrics on its own port, 8080, over TLS with \`metrics.tls\` of the chart; without it there is nothing to tell of a certificate.
Beside these: reconciles, queues, watches and the leader under controller-runtime's names.

`

/** docs/metrics.md. */
export async function metricsDocument(): Promise<string> {
  const sections = metricSections(EVERYTHING).map(({ title, sources }) =>
    table(
      title,
      sources.map((source) => ({
        ...source,
        labels: [...source.labels, ...(source.kind === 'histogram' ? ['le'] : [])],
      })),
    ),
  )
  const ofNode = (await new PrometheusMetrics([]).scrape()).text
  const { text: operatorText, labels } = await operatorMetrics()
  const rows = described(operatorText).map((row) => ({ ...row, labels: labels.get(row.name) ?? [] }))
  const ofOperator = table('The operator', rows, OF_OPERATOR)
  return `${INTRODUCTION}${sections.join('')}${table('Node.js', described(ofNode), OF_NODE)}${ofOperator}`
}

interface Row {
  readonly name: string
  readonly kind: string
  readonly labels: readonly string[]
  readonly help: string
}

function table(title: string, rows: readonly Row[], note = ''): string {
  const lines = rows.map(
    ({ name, kind, labels, help }) =>
      `| \`${name}\` | ${kind} | ${labels.map((label) => `\`${label}\``).join(', ')} | ${help.replaceAll('|', '\\|')} |\n`,
  )
  return `\n## ${title}\n\n${note}| name | type | labels | meaning |\n|---|---|---|---|\n${lines.join('')}`
}

/** What a scrape says of itself. */
function described(text: string): Row[] {
  const helps = new Map(
    [...text.matchAll(/^# HELP (\S+) (.*)$/gm)].map(([, name = '', help = '']) => [name, help]),
  )
  return [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = '', kind = '']) => ({
    name,
    kind,
    labels: [],
    help: helps.get(name) ?? '',
  }))
}

/** Names and meanings are there before anything is measured, so whatever they will read is only pretended. */
const EVERYTHING: Measured = new Proxy(() => undefined, { get: () => EVERYTHING }) as unknown as Measured
