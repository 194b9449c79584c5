import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type BenchResult, barText, figure, type Row, type Table } from '../bench/bench-result.ts'
import { drawBars } from '../bench/draw-bars.ts'
import { drawCurves } from '../bench/draw-curves.ts'
import { savedResults } from '../bench/saved-results.ts'
import { grpcLatencyText } from './grpc-latency-text.ts'

/**
 * docs/performance.md and its pictures, out of what the benches saved in bench/results/ and the prose in bench/report/:
 * `introduction.md`, `<bench>.md` (heading and what the figures mean), `elsewhere.md` (what other suites measure).
 */
export function performanceFiles(root: string): Record<string, string> {
  const results = savedResults()
  const drawn = results.filter(({ curves }) => curves !== undefined && curves.length > 0)
  return {
    'docs/performance.md': performanceDocument(results, (name) => proseOf(root, name), flamesOf(root)),
    [`${PICTURES}/bars.svg`]: drawBars(results.filter(({ form }) => form === 'long')),
    ...Object.fromEntries(
      drawn.map((result) => [
        `${PICTURES}/${result.bench}.svg`,
        drawCurves(
          [result.bench, ...result.conditions, whereText(result).replaceAll('**', '')],
          result.curves ?? [],
        ),
      ]),
    ),
  }
}

/** `prose`: of a part of bench/report/, undefined where there is none. */
export function performanceDocument(
  results: readonly BenchResult[],
  prose: (name: string) => string | undefined,
  flames: readonly string[] = [],
): string {
  const latency = grpcLatencyText(results) ?? ''
  return `${[
    '# Performance',
    '<!-- Made by `make bench` out of bench/results/ and bench/report/ (scripts/performance-document.ts). Do not edit. -->',
    prose('introduction') ?? '',
    ...verdicts(results),
    latency,
    ...results.flatMap((result) =>
      section(result, prose(result.bench) ?? `## ${result.bench}`, result.bench === 'grpc' ? latency : ''),
    ),
    ...(flames.length > 0 ? ['## Where the time goes', FLAMES_TEXT] : []),
    ...flames.map((name) => `![Where the time of ${name} goes](pictures/${name})`),
    prose('elsewhere') ?? '',
  ]
    .filter((part) => part !== '')
    .join('\n\n')}\n`
}

/** The figures of a short run are no statement, so none of its bars counts as met. */
function verdicts(results: readonly BenchResult[]): string[] {
  const rows = results.flatMap(({ bench, form, rows: own }) => own.map((row) => ({ bench, form, row })))
  const judged = rows.filter(({ row }) => row.bar !== undefined)
  const shown = judged.filter(({ form }) => form !== 'short')
  const missed = shown.filter(({ row }) => row.met !== true)
  const open = judged.filter(({ form }) => form === 'short')
  const unmeasured = [...new Set(open.map(({ bench }) => bench))].join(', ')
  return [
    '## What is met and what is not',
    `${shown.length - missed.length} of ${judged.length} bars are met.${missed.length > 0 ? ' **Not met:**' : ''}`,
    missed.map(({ bench, row }) => `- ${bench}: ${row.what}: ${foundText(row)}`).join('\n'),
    open.length === 0
      ? ''
      : `Not measured yet but in a short run, which counts for nothing: ${open.length} of ${unmeasured}.`,
    '![Every bar, and how much of it is used](pictures/bars.svg)',
  ]
}

/** `findings`: what its figures say in words. */
function section(result: BenchResult, prose: string, findings: string): string[] {
  const { bench, conditions, rows, tables = [], curves = [], notes = [] } = result
  return [
    prose,
    findings,
    `${whereText(result)}.`,
    conditions.map((text) => `- ${text}`).join('\n'),
    rowsTable(rows),
    ...tables.flatMap(({ title, columns, rows: lines }: Table) => [
      `**${title}**`,
      markdownTable(columns, lines),
    ]),
    curves.length > 0 ? `![Curves of ${bench}](pictures/${bench}.svg)` : '',
    notes.join('\n\n'),
  ]
}

/** "Measured 2026-11-27 on AMD EPYC, 2 processors, 4 GB, Linux 6.18, virtual machine; commit d93c2ee0b1, idgen 0.1.0, node 24.21.0". */
function whereText({ at, form, machine, commit, versions }: BenchResult): string {
  const { cpu, cores, memoryGb, kernel, virtualised, sessionNice } = machine
  const kind = virtualised === undefined ? '' : virtualised ? ', virtual machine' : ', no virtual machine'
  const nice = sessionNice === undefined ? '' : `, scheduled before other work (nice ${sessionNice})`
  const short =
    form === 'short'
      ? '**A short run, which only shows that the bench works: its figures are no statement.** '
      : ''
  const named = Object.entries(versions)
    .filter(([name]) => name !== 'v8')
    .map(([name, version]) => `${name} ${version}`)
  const what = [...(commit === undefined ? [] : [`commit ${commit}`]), ...named].join(', ')
  return `${short}Measured ${at.slice(0, 10)} on ${cpu}, ${cores} processors, ${memoryGb} GB, ${kernel}${kind}${nice}; ${what}`
}

/** Columns that no row fills are left out. */
function rowsTable(rows: readonly Row[]): string {
  if (rows.length === 0) return ''
  const columns = COLUMNS.filter(({ of }, i) => i < 2 || rows.some((row) => of(row) !== ''))
  return markdownTable(
    columns.map(({ title }) => title),
    rows.map((row) => columns.map(({ of }) => of(row))),
  )
}

const COLUMNS: readonly { readonly title: string; readonly of: (row: Row) => string }[] = [
  { title: '', of: ({ what }) => what },
  { title: 'measured', of: ({ value, unit }) => `${figure(value)} ${unit}` },
  {
    title: 'rounds from … to',
    of: ({ spread }) => (spread === undefined ? '' : `${figure(spread.min)} … ${figure(spread.max)}`),
  },
  {
    title: 'floor, same rounds',
    of: ({ floor, unit }) => (floor === undefined ? '' : `${floor.what}: ${figure(floor.value)} ${unit}`),
  },
  {
    title: 'ratio',
    of: ({ floor, ratio, value }) =>
      floor === undefined ? '' : `**${figure(ratio ?? value / floor.value)}**`,
  },
  { title: 'bar', of: ({ bar, unit }) => (bar === undefined ? '' : barText(bar, unit)) },
  { title: '', of: ({ bar, met }) => (bar === undefined ? '' : met === true ? 'met' : '**NOT met**') },
]

function foundText({ value, unit, ratio, floor, bar }: Row): string {
  if (bar === undefined) return ''
  const found =
    bar.of === 'ratio' ? `${figure(ratio ?? Number.NaN)} × ${floor?.what ?? ''}` : `${figure(value)} ${unit}`
  return `${found}, asked for: ${barText(bar, unit)}`
}

function markdownTable(columns: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const cell = (content: string | number): string =>
    (typeof content === 'number' ? figure(content) : content).replaceAll('|', '\\|')
  const lineOf = (cells: readonly (string | number)[]): string => `| ${cells.map(cell).join(' | ')} |`
  return [lineOf(columns), `|${'---|'.repeat(columns.length)}`, ...rows.map(lineOf)].join('\n')
}

function proseOf(root: string, name: string): string | undefined {
  const path = join(root, 'bench/report', `${name}.md`)
  // Its links lead from where it lies, so that they can be followed and checked there too.
  return existsSync(path) ? readFileSync(path, 'utf8').trim().replaceAll('](../../docs/', '](') : undefined
}

/** What `make flame` saved. */
function flamesOf(root: string): string[] {
  return readdirSync(join(root, PICTURES))
    .filter((name) => /^flame-.*\.svg$/.test(name))
    .toSorted()
}

const PICTURES = 'docs/pictures'
const FLAMES_TEXT =
  'Each frame is as wide as its share of the time that the thread was not idle; what it called is below it. `make flame PROFILE=http` draws them anew.'
