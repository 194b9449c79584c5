import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { plainRules, ruleGroups } from '../operator/render/alert-groups.ts'
import type { AlertRule } from '../operator/render/alert-rule.ts'
import { OWN_ALERTS_OF_CHART } from '../operator/render/own-alerts.ts'

const INTRODUCTION = `# Alert rules for a Prometheus that nobody but you looks after; the operator makes the same for each IdGenerator.
# Made by \`make generate\` from operator/render/*-alerts.ts. Do not edit: bounds are yours to change in a copy.
# The processes are scraped as job "idgen", every 5 s; one slower than 10 s needs longer windows of rates.
`
const OF_CHART = `# Made by \`make generate\` from operator/render/own-alerts.ts. Do not edit.
# templates/prometheus-rule.yaml puts the names of the release in.
`
/** docs/alerts.md is written by hand but for what lies between these two. */
const TABLE_BEGINS = '<!-- Made by `make generate` from operator/render/*-alerts.ts. Do not edit. -->\n'
const TABLE_ENDS = '\n<!-- The end of what is made. -->'

/** The alert rules as a file of their own, those that the chart brings, and docs/alerts.md with how long each waits, by their paths. */
export function alertFiles(root: string): Readonly<Record<string, string>> {
  const all = rulesText(plainRules(), 'idgen')
  const own = rulesText(OWN_ALERTS_OF_CHART, 'idgen.operator')
  const document = readFileSync(join(root, DOCUMENT), 'utf8')
  return {
    'alerts/idgen.yaml': `${INTRODUCTION}${all}`,
    'charts/idgen/files/operator-rules.yaml': `${OF_CHART}${own}`,
    [DOCUMENT]: withTable(document),
  }
}

function rulesText(rules: readonly AlertRule[], name: string): string {
  return stringify({ groups: ruleGroups(rules, { name }) }, { lineWidth: 0 })
}

const DOCUMENT = 'docs/alerts.md'

/** @throws where the marks are missing: the table would silently grow old */
function withTable(document: string): string {
  const [before, rest] = document.split(TABLE_BEGINS)
  const after = rest?.split(TABLE_ENDS)[1]
  if (before === undefined || after === undefined)
    throw new Error(`${DOCUMENT} has lost the marks of its table`)
  const rows = plainRules().map(row)
  const table = [
    '| alert | severity | holds for | why it waits longer |',
    '| --- | --- | --- | --- |',
    ...rows,
  ]
  return `${before}${TABLE_BEGINS}\n${table.join('\n')}\n${TABLE_ENDS}${after}`
}

function row({ alert, severity, for: holds, patience = '' }: AlertRule): string {
  return `| [${alert}](runbooks/${alert}.md) | ${severity} | ${holds} | ${patience} |`.replace('|  |', '| |')
}
