import { PrometheusMetrics } from '../service/adapters/telemetry/prometheus-metrics.ts'
import { type Measured, metricSections } from '../service/metric-sources.ts'

const INTRODUCTION = `# Metrics

<!-- Made by \`make generate\` from service/metric-sources.ts and what it names. Do not edit. -->

GET /metrics on port 9464 (\`server.metrics.port\`). Counters begin at 0 with the process: use \`rate\` or \`increase\`. The unit
is the end of a name: \`_seconds\` (\`_timestamp_seconds\`: Unix time), \`_ratio\` (0 to 1), \`_total\` (a count that grows); \`_ok\` is 1 or
0. The label \`tag\` names the 1,000 tags with the most requests; counters sum the others as \`_other\`: a tag that comes among them begins at 0, so that no rate jumps. Redis, the
listener for Redis clients, protocol threads and the certificate have metrics only where they are configured. Alerts on these:
[alerts/idgen.yaml](../alerts/idgen.yaml), a page for each in [runbooks](runbooks/README.md).

Where calls are [traced](tracing.md), who asks for OpenMetrics (\`Accept: application/openmetrics-text\`, as Prometheus does) gets an
example for each class of \`idgen_generate_duration_seconds\`: trace and span of the newest traced call that waited so long.

Durations are not kept by tag. IDs in memory take no time worth measuring, so what takes time is the wait for a grant, which tags share with
the database; and fourteen series each for 1,000 tags would be more than all other metrics together. Which tag waited stands in the
examples' spans (\`idgen.tag\`); which tags are about to wait shows \`idgen_segment_left_ratio\`.
`

/** docs/metrics.md. */
export async function metricsDocument(): Promise<string> {
  const sections = metricSections(EVERYTHING).map(({ title, sources }) =>
    table(
      title,
      sources.map((source) => ({ ...source, labels: source.kind === 'histogram' ? ['le'] : source.labels })),
    ),
  )
  const ofNode = (await new PrometheusMetrics([]).scrape()).text
  return `${INTRODUCTION}${sections.join('')}${table('Node.js', described(ofNode))}`
}

interface Row {
  readonly name: string
  readonly kind: string
  readonly labels: readonly string[]
  readonly help: string
}

function table(title: string, rows: readonly Row[]): string {
  const lines = rows.map(
    ({ name, kind, labels, help }) =>
      `| \`${name}\` | ${kind} | ${labels.map((label) => `\`${label}\``).join(', ')} | ${help.replaceAll('|', '\\|')} |\n`,
  )
  return `\n## ${title}\n\n| name | type | labels | meaning |\n|---|---|---|---|\n${lines.join('')}`
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
