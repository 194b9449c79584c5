import type { LoadPlan } from './load-plan.ts'
import type { LoadReport, Quantiles, SecondReport } from './load-report.ts'

/** The line that is printed every second. */
export const secondText = {
  heading: '  second   answers       IDs   p50 ms   p99 ms  under way  failures',
  line: (s: SecondReport): string =>
    [
      String(s.second).padStart(8),
      grouped(s.answers).padStart(10),
      grouped(s.ids).padStart(10),
      milliseconds(s.p50).padStart(9),
      milliseconds(s.p99).padStart(9),
      grouped(s.underWay).padStart(11),
      grouped(s.failures).padStart(10),
    ].join(''),
}

/** The whole report for people. */
export function reportText(report: LoadReport): string {
  const lines = [
    planText(report.plan),
    '',
    ...ratesText(report),
    '',
    `latency, ms     mean ${milliseconds(report.latency.mean)}   ${quantilesText(report.latency)}`,
    `  before sent   mean ${milliseconds(report.sendDelay.mean)}   ${quantilesText(report.sendDelay)}`,
    '',
    ...errorsText(report),
    ...checkText(report),
    ...toolText(report),
  ]
  return `${lines.join('\n')}\n`
}

/** All parameters in one line: numbers without them mean nothing. */
export function planText(plan: LoadReport['plan']): string {
  const { target, tags, connections, pipeline, threads, rate, check } = plan
  return [
    `${target.protocol}${target.tls === undefined ? '' : ' (TLS)'} ${target.host}:${target.port}`,
    tags.length === 1 ? tags[0] : `${tags.length} tags (${tags[0]} …)`,
    `${counted(connections, 'connection')} × ${pipeline} under way`,
    batchText(plan),
    rate === undefined ? 'closed loop' : `open loop ${grouped(rate)}/s`,
    counted(threads, 'thread'),
    ...(check ? [] : ['not checked']),
  ].join(', ')
}

function batchText({ batch, form, target, command }: Omit<LoadPlan, 'key'>): string {
  if (target.protocol === 'resp')
    return batch === 1 ? (command === 'next' ? 'IDGEN.NEXT' : 'INCR') : `INCRBY ${batch}`
  return batch === 1
    ? 'one ID a request'
    : `${grouped(batch)} IDs a request${form === 'text' ? '' : ` as ${form}`}`
}

function ratesText(report: LoadReport): string[] {
  const { plan, seconds, answers, ids, answersPerSecond, idsPerSecond, notSent, bytes } = report
  const asked = plan.rate === undefined ? '' : ` of ${grouped(plan.rate)} asked for`
  // A run of any length is one pair of numbers, so IDs a second would say nothing but the batch.
  const idsText =
    plan.form === 'runs'
      ? `${grouped(ids)} as runs: count the answers, not the IDs`
      : `${grouped(ids)}: ${grouped(idsPerSecond)}/s`
  return [
    `answers  ${grouped(answers)} in ${seconds.toFixed(1)} s: ${grouped(answersPerSecond)}/s${asked}`,
    `IDs      ${idsText}`,
    `bytes    ${grouped(bytes.sent)} sent, ${grouped(bytes.received)} received`,
    ...(notSent > 0
      ? [`NOT SENT ${grouped(notSent)} requests whose moment came found no room: the rate was not reached`]
      : []),
  ]
}

function errorsText({ errors, failures, resent, reconnects }: LoadReport): string[] {
  return [
    failures === 0 ? 'failures 0' : `FAILURES ${grouped(failures)}`,
    ...errors.map(({ code, count, example }) => `  ${grouped(count).padStart(10)}  ${code}: ${example}`),
    ...(reconnects > 0
      ? [`connections were opened again ${grouped(reconnects)} times, ${grouped(resent)} requests sent again`]
      : []),
  ]
}

function checkText({ check }: LoadReport): string[] {
  if (check === undefined) return ['IDs were not checked for duplicates']
  const { checked, unchecked, duplicates, examples } = check
  return [
    duplicates === 0
      ? `no duplicate among ${grouped(checked)} IDs`
      : `DUPLICATES ${grouped(duplicates)} among ${grouped(checked)} IDs`,
    ...examples.map(({ tag, id }) => `  ${id} of ${tag} came twice`),
    ...(unchecked > 0
      ? [`${grouped(unchecked)} more IDs were NOT checked: they do not fit into the memory for it`]
      : []),
  ]
}

function toolText({ tool, plan }: LoadReport): string[] {
  const share = Math.round(tool.busiestThread * 100)
  const use = `this tool used ${tool.cores.toFixed(2)} processors, its busiest thread ${share} % of its time`
  if (share < BUSY_PERCENT || plan.spin) return [use]
  const starved = tool.cores < plan.threads * STARVED_SHARE
  return [
    use,
    starved
      ? '  so other processes took the processor from it, and the latencies hold its own waiting: a quieter machine'
      : '  so the numbers may be its own limit and not the service’s: more --threads, or another machine',
  ]
}

function quantilesText({ p50, p90, p99, p999, max }: Quantiles): string {
  return Object.entries({ p50, p90, p99, 'p99.9': p999, max })
    .map(([name, ms]) => `${name} ${milliseconds(ms)}`)
    .join('   ')
}

/** Three digits that matter. */
export function milliseconds(ms: number): string {
  return ms >= 100 ? ms.toFixed(0) : ms >= 10 ? ms.toFixed(1) : ms >= 1 ? ms.toFixed(2) : ms.toFixed(3)
}

export function grouped(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}

function counted(count: number, what: string): string {
  return `${grouped(count)} ${what}${count === 1 ? '' : 's'}`
}

const BUSY_PERCENT = 90
/** A thread that is never idle uses a whole processor, if it is given one. */
const STARVED_SHARE = 0.7
