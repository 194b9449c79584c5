import { stringify } from 'yaml'
import { ruleGroups } from '../operator/render/alert-groups.ts'
import { PLAIN_SCOPE } from '../operator/render/alert-rule.ts'

const INTRODUCTION = `# Alert rules for a Prometheus that nobody but you looks after; the operator makes the same for each IdGenerator.
# Made by \`make generate\` from operator/render/*-alerts.ts. Do not edit: bounds are yours to change in a copy.
# The processes are scraped as job "idgen", every 5 s; one slower than 10 s needs longer windows of rates.
`

/** The alert rules as a file of their own, by its path. */
export function alertFiles(): Readonly<Record<string, string>> {
  const text = stringify({ groups: ruleGroups(PLAIN_SCOPE, { name: 'idgen' }) }, { lineWidth: 0 })
  return { 'alerts/idgen.yaml': `${INTRODUCTION}${text}` }
}
