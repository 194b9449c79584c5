import { type AlertRule, PLAIN_SCOPE, type RuleScope } from './alert-rule.ts'
import { capacityAlerts } from './capacity-alerts.ts'
import { keyAlerts } from './key-alerts.ts'
import { operatorAlerts } from './operator-alerts.ts'
import { OWN_ALERTS } from './own-alerts.ts'
import { podAlerts } from './pod-alerts.ts'
import { promiseAlerts } from './promise-alerts.ts'
import { storeAlerts } from './store-alerts.ts'
import { trafficAlerts } from './traffic-alerts.ts'
import { workerAlerts } from './worker-alerts.ts'

/** As Prometheus reads it. */
export interface RuleGroup {
  readonly name: string
  readonly interval: string
  readonly rules: readonly object[]
}

export interface RuleNaming {
  /** Of the group. */
  readonly name: string
  /** On every alert. */
  readonly labels?: Readonly<Record<string, string>>
  /** Where the page of each alert is, with a slash at its end. */
  readonly runbooks?: string
}

/**
 * What names is told within a minute of its cause (decision 0035): at most 24 s until a rate over 40 s has
 * moved far enough, 5 s until it is scraped, 5 s until it is looked at, 15 s held, 5 s until the message goes out.
 * The urgent ones have a group of their own: Prometheus looks at a group as a whole.
 */
export function ruleGroups(
  rules: readonly AlertRule[],
  { name, labels = {}, runbooks = RUNBOOKS }: RuleNaming,
): RuleGroup[] {
  const group = (named: string, interval: string, urgent: boolean): RuleGroup => ({
    name: named,
    interval,
    rules: rules
      .filter((rule) => (rule.urgent === true) === urgent)
      .map((rule) => prometheusRule(rule, labels, runbooks)),
  })
  return [group(name, '5s', false), group(`${name}.urgent`, '1s', true)].filter((one) => one.rules.length > 0)
}

/** For a Prometheus that nobody but its owner looks after: all there are. */
export function plainRules(): AlertRule[] {
  return [...alertRules(PLAIN_SCOPE), ...OWN_ALERTS]
}

/** Of one installation. */
export function alertRules(scope: RuleScope): AlertRule[] {
  return [
    ...trafficAlerts(scope),
    ...storeAlerts(scope),
    ...keyAlerts(scope),
    ...capacityAlerts(scope),
    ...promiseAlerts(scope),
    ...workerAlerts(scope),
    ...podAlerts(scope),
    ...operatorAlerts(scope),
  ]
}

function prometheusRule(
  { alert, expr, for: holds, severity, summary, description }: AlertRule,
  labels: Readonly<Record<string, string>>,
  runbooks: string,
): object {
  return {
    alert,
    expr,
    for: holds,
    labels: { severity, ...labels },
    annotations: { summary, description, runbook_url: `${runbooks}${alert}.md` },
  }
}

/**
 * A page for each alert: what it means, what to look at, what to do, what not to do. Nobody publishes them but those who run
 * idgen, so by default the link is the file's place in the repository, not an address that leads nowhere.
 */
const RUNBOOKS = 'docs/runbooks/'
