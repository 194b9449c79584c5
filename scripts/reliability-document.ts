import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type KillRun, readKillRuns, readObservations } from '../test/faults/observation-files.ts'
import type { Observation } from '../test/faults/scenario.ts'
import { ALL_LONG } from '../test/faults/scenarios/all-scenarios.ts'

/**
 * Writes docs/reliability.md out of what the last `make faults` saw. Only a complete long run makes the document: half
 * of one would leave out what failed.
 */
const ROOT = join(import.meta.dirname, '..')

const INTRODUCTION = `# Reliability

<!-- Made by \`make faults\` (scripts/reliability-document.ts). Do not edit. -->

What real servers and real processes did under real faults. Each scenario starts PostgreSQL, etcd, Redis and three
services in two data centres (two in 0, one in 1), asks them for IDs at a steady rate over HTTP, HTTP runs, gRPC and
gRPC streams, causes one fault, ends it, and waits until all is as before without a restart. Every ID of every answer is
checked: none may come twice, no worker id may stamp one millisecond in two processes. That the checker can fail is a
test as well: the same failover without etcd, which is outside the promise, must make duplicates, and it finds them.

Five tags: \`orders\` (segments of about 100 numbers, so that allocations meet every fault; then the default chain),
\`stock\` (segments only, its step set so that what is prefetched lasts minutes), \`events\` (snowflakes, then UUIDs),
\`sessions\` (UUID v7), \`coupons\` (UUID v4).
`

const LEGEND = `*Twice*: IDs handed out twice. *Not first choice*: answers by a later algorithm of the tag's chain, from the fault to
recovery. *Failed*: requests without IDs. *Silence*: longest time in which some tag was not answered at all, by tenths
of a second. *Normal after*: from the end of the fault until no request was degraded or failed and every /readyz was
plainly well.
`

function main(): void {
  const seen = new Map(readObservations().map((observation) => [observation.name, observation]))
  const missing = ALL_LONG.filter(({ name }) => seen.get(name)?.form !== 'long').map(({ name }) => name)
  const kills = readKillRuns()
  if (missing.length > 0 || kills.length === 0) {
    process.stdout.write(
      `docs/reliability.md was left as it is; not run in the long form: ${missing.join(', ')}\n`,
    )
    process.exitCode = 1
    return
  }
  const observations = ALL_LONG.flatMap(({ name }) => seen.get(name) ?? [])
  writeFileSync(join(ROOT, 'docs/reliability.md'), document(observations, kills))
}

function document(observations: readonly Observation[], kills: readonly KillRun[]): string {
  const ids = [...observations, ...kills].reduce((sum, run) => sum + run.ids, 0)
  const twice = [...observations, ...kills].reduce((sum, run) => sum + run.duplicates, 0)
  return [
    INTRODUCTION,
    `**${grouped(ids)} IDs checked, ${twice} handed out twice.**\n`,
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

main()
