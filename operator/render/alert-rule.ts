import type { IdGenerator } from '../api/kinds.ts'

export type Severity = 'critical' | 'warning' | 'info'

/** An alert, before it has the labels and links that all of them get. */
export interface AlertRule {
  /** In CamelCase; also the name of its runbook. */
  readonly alert: string
  readonly expr: string
  /** How long it must hold. */
  readonly for: string
  readonly severity: Severity
  readonly summary: string
  /** What it means and what to do first. Prometheus fills in {{ … }}. */
  readonly description: string
}

/** What the rules of one IdGenerator are made with. */
export interface RuleScope {
  readonly generator: IdGenerator
  /** Label matchers that select the pods' metrics. */
  readonly pods: string
  /** The same for what the operator tells about this IdGenerator. */
  readonly operator: string
  /** Window of rates: at least four scrapes, or a rate has nothing to compare; else a minute, so that alerts are quick. */
  readonly window: string
}

export function ruleScope(generator: IdGenerator): RuleScope {
  const { name, namespace = 'default' } = generator.metadata
  const seconds = Math.max(60, 4 * intervalSeconds(generator.spec.monitoring.interval))
  return {
    generator,
    pods: `namespace="${namespace}",job="${name}"`,
    operator: `generator_namespace="${namespace}",generator="${name}"`,
    window: `${Math.ceil(seconds)}s`,
  }
}

/** "1m30s" in seconds. */
function intervalSeconds(text: string): number {
  let seconds = 0
  for (const [, count = '', unit = ''] of text.matchAll(/([0-9]+)(ms|s|m|h)/g))
    seconds += Number(count) * (UNIT_SECONDS[unit] ?? 0)
  return seconds
}

const UNIT_SECONDS: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3600 }
