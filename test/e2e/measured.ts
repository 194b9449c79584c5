import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CHECKOUT } from '../../scripts/cluster/layout.ts'
import { say } from '../../scripts/cluster/progress.ts'
import { FORM } from './form.ts'

/** What the tests leave for people: numbers, and what was to be seen when one failed. */
export const REPORT_FOLDER = join(CHECKOUT, 'coverage/e2e')

const rows: { readonly what: string; readonly value: string; readonly bar: string }[] = []

/** Kept for the table at the end; `bar` is what is asked for. */
export function measured(what: string, value: string, bar = ''): void {
  rows.push({ what, value, bar })
  say(`    measured: ${what}: ${value}${bar === '' ? '' : ` (bar: ${bar})`}`)
}

export function writeMeasured(): void {
  mkdirSync(REPORT_FOLDER, { recursive: true })
  const lines = rows.map(({ what, value, bar }) => `| ${what} | ${value} | ${bar} |`)
  const file = join(REPORT_FOLDER, `measured-${FORM}.md`)
  writeFileSync(file, ['| what | measured | bar |', '|---|---|---|', ...lines, ''].join('\n'))
  say(`what was measured stands in ${file}`)
}
