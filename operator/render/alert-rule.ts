import type { IdGenerator } from '../api/kinds.ts'
import { PORTS } from './names.ts'

export type Severity = 'critical' | 'warning' | 'info'

/** An alert, before it has the labels and links that all of them get. */
export interface AlertRule {
  /** In CamelCase; also the name of its runbook. */
  readonly alert: string
  readonly expr: string
  /** How long it must hold. */
  readonly for: string
  /** Why it may hold for more than half a minute before people are told: docs/alerts.md says so. */
  readonly patience?: string
  /** What it tells of is over in seconds: it is looked at each second, and its message waits for one second only. */
  readonly urgent?: true
  readonly severity: Severity
  readonly summary: string
  /** What it means and what to do first. Prometheus fills in {{ … }}. */
  readonly description: string
}

/** What the rules of one installation are made with: an IdGenerator, or pods that nobody but Prometheus knows. */
export interface RuleScope {
  /** The installation, as people call it. */
  readonly title: string
  /** Label matchers that select the processes' metrics. */
  readonly pods: string
  /** The same for what the operator tells about this IdGenerator. */
  readonly operator: string
  /** The label that tells processes apart. */
  readonly member: 'pod' | 'instance'
  /** Window of rates: four scrapes, or one that fails leaves nothing to compare; at least 40 s, or a hiccup alerts. */
  readonly window: string
  readonly capacityPerSecond: number
  readonly p99Milliseconds: number
  readonly errorPercent: string
  /** False where no process is wanted: nobody misses them. */
  readonly wanted: boolean
  /** What to call first to see how the installation and one process of it are. */
  readonly look: string
  readonly lookAtMember: string
  /** How to ask a process what is wrong: the reasons are on the metrics port alone, which few can reach. */
  readonly ask: string
}

export function ruleScope(generator: IdGenerator): RuleScope {
  const { name, namespace = 'default' } = generator.metadata
  const { alerts, monitoring, replicas, tls } = generator.spec
  // The API server leads there, so nobody else can answer.
  const askPod = (pod: string): string =>
    `kubectl --namespace ${namespace} port-forward pod/${pod} ${PORTS.metrics}, then ${askAt(`localhost:${PORTS.metrics}`, tls.metrics)}`
  const seconds = Math.max(40, 4 * intervalSeconds(monitoring.interval))
  return {
    title: `${namespace}/${name}`,
    pods: `namespace="${namespace}",job="${name}"`,
    operator: `generator_namespace="${namespace}",generator="${name}"`,
    member: 'pod',
    window: `${Math.ceil(seconds)}s`,
    capacityPerSecond: alerts.capacityPerSecond,
    p99Milliseconds: alerts.p99Milliseconds,
    errorPercent: alerts.errorPercent,
    wanted: replicas > 0,
    look: `kubectl --namespace ${namespace} idgen status ${name}`,
    lookAtMember: `kubectl --namespace ${namespace} describe pod {{ $labels.pod }}. What it says itself: ${askPod('{{ $labels.pod }}')}`,
    ask: askPod('POD'),
  }
}

/** For alerts/, without the operator: every process that Prometheus scrapes as the job `idgen`, at least each 10 s. */
export const PLAIN_SCOPE: RuleScope = {
  title: 'the job idgen',
  pods: 'job="idgen"',
  operator: 'generator!=""',
  member: 'instance',
  window: '40s',
  capacityPerSecond: 1_000_000,
  p99Milliseconds: 10,
  errorPercent: '1',
  wanted: true,
  look: `the log of a process, and ${askAt(`HOST:${PORTS.metrics}`)}`,
  // What is scraped is the metrics port.
  lookAtMember: `see its log, and ${askAt('{{ $labels.instance }}')}`,
  ask: askAt(`HOST:${PORTS.metrics}`),
}

function askAt(address: string, encrypted = false): string {
  return `curl ${encrypted ? '-sk https' : '-s http'}://${address}/status`
}

/** "1m30s" in seconds. */
function intervalSeconds(text: string): number {
  let seconds = 0
  for (const [, count = '', unit = ''] of text.matchAll(/([0-9]+)(ms|s|m|h)/g))
    seconds += Number(count) * (UNIT_SECONDS[unit] ?? 0)
  return seconds
}

const UNIT_SECONDS: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3600 }
