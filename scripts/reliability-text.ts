import type { KillRun } from '../test/faults/observation-files.ts'
import type { Observation } from '../test/faults/scenario.ts'
import { PROTOCOLS, type Protocol } from '../test/fixtures/id-calls.ts'

/** `protocols`: those over which every scenario gave IDs. */
function introduction(protocols: readonly string[]): string {
  return `# Reliability

<!-- Made by \`make faults\` (scripts/reliability-document.ts). Do not edit. -->

What real servers and real processes did under real faults. Each scenario starts PostgreSQL, etcd, Redis and three
services in two data centres (two in 0, one in 1), asks them for IDs at a steady rate, causes one fault, ends it, and
waits until all is as before without a restart. In each of them IDs came over ${listed(protocols)}.
Every ID of every answer is checked: none may come twice, no worker id may stamp one millisecond in two processes. That
the checker can fail is a test as well: the same failover without etcd, which is outside the promise, must make
duplicates, and it finds them.

Five tags: \`orders\` (segments of about 100 numbers, so that allocations meet every fault; then the default chain),
\`stock\` (segments only, its step set so that what is prefetched lasts minutes), \`events\` (snowflakes, then UUIDs),
\`sessions\` (UUID v7), \`coupons\` (UUID v4).
`
}

const LEGEND = `*Twice*: IDs handed out twice. *Not first choice*: answers by a later algorithm of the tag's chain, from the fault to
recovery. *Failed*: requests without IDs. *Silence*: longest time in which some tag was not answered at all, by tenths
of a second. *Normal after*: from the end of the fault until no request was degraded or failed and every /readyz was
plainly well.
`

/** docs/reliability.md as these runs make it. */
export function reliabilityText(observations: readonly Observation[], kills: readonly KillRun[]): string {
  const ids = [...observations, ...kills].reduce((sum, run) => sum + run.ids, 0)
  const twice = [...observations, ...kills].reduce((sum, run) => sum + run.duplicates, 0)
  return [
    introduction(protocolsOfAll(observations)),
    `**${grouped(ids)} IDs checked, ${twice} handed out twice.**\n`,
    ...protocolTable(observations, kills),
    '## Faults\n',
    LEGEND,
    '| fault | lasted | IDs | twice | not first choice | failed | silence | normal after |',
    '|---|---|---|---|---|---|---|---|',
    ...observations.map(row),
    '',
    '## Kills\n',
    '| what | kills | IDs | twice |',
    '|---|---|---|---|',
    ...kills.map((run) => `| ${run.title} | ${run.kills} | ${grouped(run.ids)} | ${run.duplicates} |`),
    '',
    '## What was served and said\n',
    'Numbers in what was said are replaced by #; metrics are sums over the services: before → during → after.\n',
    ...observations.map(section),
  ].join('\n')
}

/** In the words of people, those first that people know best. */
function protocolsOfAll(observations: readonly Observation[]): string[] {
  return PROTOCOLS.filter((protocol) =>
    observations.every(({ idsPerProtocol }) => (idsPerProtocol[protocol] ?? 0) > 0),
  ).map((protocol) => IN_WORDS[protocol])
}

function protocolTable(observations: readonly Observation[], kills: readonly KillRun[]): string[] {
  const rows = PROTOCOLS.map((protocol) => {
    const [faults, killed] = [observations, kills].map((runs) =>
      runs.reduce((sum, { idsPerProtocol }) => sum + (idsPerProtocol[protocol] ?? 0), 0),
    )
    return { protocol, faults: faults ?? 0, killed: killed ?? 0 }
  }).filter(({ faults, killed }) => faults + killed > 0)
  return [
    '| IDs over | faults | kills |',
    '|---|---|---|',
    ...rows.map(
      ({ protocol, faults, killed }) => `| ${IN_WORDS[protocol]} | ${grouped(faults)} | ${grouped(killed)} |`,
    ),
    '',
  ]
}

const IN_WORDS: Readonly<Record<Protocol, string>> = {
  http: 'HTTP',
  'http-runs': 'HTTP batches',
  grpc: 'gRPC',
  'grpc-stream': 'gRPC streams',
  resp: 'the Redis protocol',
}

function listed(words: readonly string[]): string {
  return [words.slice(0, -1).join(', '), words.slice(-1).join()].filter((part) => part !== '').join(' and ')
}

function row(seen: Observation): string {
  const { during, afterwards } = seen
  const silence = Math.max(...Object.values(seen.longestSilenceMs))
  return `| ${[
    `[${seen.title}](#${seen.name})`,
    `${seen.faultS} s`,
    grouped(seen.ids),
    seen.duplicates,
    share(during.degraded + afterwards.degraded, during.answered + afterwards.answered),
    during.failed + afterwards.failed,
    seconds(silence),
    seconds(seen.normalAfterMs ?? Number.NaN),
  ].join(' | ')} |`
}

function section(seen: Observation): string {
  const tags = Object.entries(seen.during.perTag).map(([tag, counts]) => {
    const after = seen.afterwards.perTag[tag] ?? {}
    return `| \`${tag}\` | ${counted(counts)} | ${counted(after)} |`
  })
  return [
    `### ${seen.name}\n`,
    `${capital(seen.title)}, under ${seen.requestsPerSecond} requests a second.\n`,
    '| tag | during the fault | afterwards |',
    '|---|---|---|',
    ...tags,
    '',
    ...list(
      'Measured',
      Object.entries(seen.measured).map(([what, value]) => `${what}: ${value}`),
    ),
    ...list('/readyz', seen.readyz),
    ...list('metrics', seen.metrics),
    ...list('log', seen.log),
    ...list('audit', seen.audit),
    '',
  ].join('\n')
}

function list(what: string, lines: readonly string[]): string[] {
  if (lines.length === 0) return what === 'Measured' ? [] : [`- ${what}: nothing`]
  const more = lines.length - LINES_MAX
  return [
    `- ${what}:`,
    ...lines.slice(0, LINES_MAX).map((line) => `  - ${what === 'Measured' ? line : `\`${line}\``}`),
    ...(more > 0 ? [`  - and ${more} more`] : []),
  ]
}

/** Of one kind and scenario: the most frequent ones say what there is to know. */
const LINES_MAX = 8

function counted(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([what, count]) => `${what} ${grouped(count)}`)
    .join(', ')
}

function share(part: number, whole: number): string {
  return whole === 0 || part === 0 ? '0' : `${((100 * part) / whole).toFixed(1)} %`
}

function seconds(ms: number): string {
  return Number.isNaN(ms) ? 'never' : `${(ms / 1000).toFixed(1)} s`
}

function grouped(count: number): string {
  return count.toLocaleString('en-US')
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
