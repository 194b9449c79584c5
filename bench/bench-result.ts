import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Machine, ownVersions, thisMachine } from './machine.ts'
import { measuredCommit } from './measured-commit.ts'

/**
 * What a bench found, in one shape for all: `--save` writes it to bench/results/<bench>.json, which is committed;
 * docs/performance.md is made from these files, and `make bench-check` compares ratios with them.
 */
export interface BenchResult extends Findings {
  /** ISO 8601. */
  readonly at: string
  /** short: only shows that the bench works; its figures are no statement. */
  readonly form: 'long' | 'short'
  readonly machine: Machine
  /** Of the code that was measured; left out by results from before it was noted, and where there is no git. */
  readonly commit?: string
  readonly versions: Readonly<Record<string, string>>
}

/** What a bench itself says. */
export interface Findings {
  /** The name of its file: `http` of http.bench.ts. */
  readonly bench: string
  /** Of the servers and packages beside Node and idgen. */
  readonly versions?: Readonly<Record<string, string>>
  /** What holds for all rows: connections, pipeline, tags, loopback, who shares the processors. One sentence each. */
  readonly conditions: readonly string[]
  readonly rows: readonly Row[]
  readonly tables?: readonly Table[]
  readonly curves?: readonly Curve[]
  /** What the figures show, in sentences: where it breaks and why. */
  readonly notes?: readonly string[]
}

export interface Row {
  /** Unique in its bench: the gate finds the committed row by it. */
  readonly what: string
  /** The median of the rounds. */
  readonly value: number
  readonly unit: string
  readonly spread?: Spread
  /** The least that anything could cost, measured in the same rounds. */
  readonly floor?: { readonly what: string; readonly value: number }
  /** Median of the rounds' value / floor, which is not the quotient of the medians. */
  readonly ratio?: number
  readonly bar?: Bar
  readonly met?: boolean
  /**
   * `--check` fails when what the bar judges, or the ratio beside the committed one, is worse by more than this factor:
   * 1.2 is a fifth. Only for processor time: rates and latencies of a busy machine say nothing. Absent: shown only.
   */
  readonly gate?: number
}

export interface Spread {
  readonly min: number
  readonly max: number
}

/** `of`: which figure of the row it judges. */
export type Bar = { readonly of: 'value' | 'ratio' } & (
  | { readonly atMost: number }
  | { readonly atLeast: number }
)

/** Where many figures belong to one case, and none has a bar. */
export interface Table {
  readonly title: string
  readonly columns: readonly string[]
  readonly rows: readonly (readonly (string | number)[])[]
}

/** Drawn as one chart of the document. */
export interface Curve {
  readonly title: string
  readonly x: Axis
  readonly y: Axis
  /** At most three: more colours are hard to tell apart. */
  readonly lines: readonly {
    readonly label: string
    readonly points: readonly (readonly [number, number])[]
  }[]
}

export interface Axis {
  readonly unit: string
  readonly scale: 'linear' | 'log'
}

/** The row with its verdict. */
export function judged(row: Omit<Row, 'met'>): Row {
  const { bar } = row
  if (bar === undefined) return row
  const figure = judgedFigure(row)
  return { ...row, met: 'atMost' in bar ? figure <= bar.atMost : figure >= bar.atLeast }
}

/** What the bar judges; NaN, which meets no bar, where the bench did not measure it. */
export function judgedFigure({ bar, ratio, value }: Omit<Row, 'met'>): number {
  return bar?.of === 'ratio' ? (ratio ?? Number.NaN) : value
}

/** Prints the rows; `--save` writes the file. */
export function reportFindings(findings: Findings, argv: readonly string[] = process.argv): void {
  for (const row of findings.rows) console.log(rowText(row))
  for (const note of findings.notes ?? []) console.log(note)
  if (argv.includes('--check')) failForLostRows(findings)
  if (!argv.includes('--save')) return
  const result: BenchResult = {
    ...findings,
    at: new Date().toISOString(),
    form: argv.includes('--short') ? 'short' : 'long',
    machine: thisMachine(),
    ...(COMMIT === undefined ? {} : { commit: COMMIT }),
    versions: { ...ownVersions(), ...findings.versions },
  }
  mkdirSync(RESULTS, { recursive: true })
  writeFileSync(pathOf(findings.bench), `${JSON.stringify(result, roundedFigures, 2)}\n`)
}

/** A row that was renamed or left out would leave the gate without a word. */
function failForLostRows({ bench, rows }: Findings): void {
  const held = committedResult(bench)?.rows.filter(({ gate }) => gate !== undefined) ?? []
  for (const { what } of held) {
    if (rows.some((row) => row.what === what)) continue
    console.error(`LOST: the saved result of ${bench} has "${what}", which was not measured: save it anew`)
    process.exitCode = 1
  }
}

/** What was committed last; undefined where the bench was never saved. */
export function committedResult(bench: string): BenchResult | undefined {
  try {
    return JSON.parse(readFileSync(pathOf(bench), 'utf8')) as BenchResult
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** "single ID: 17.2 µs (16.9 to 18.0), 1.12 × bare node:http (15.4 µs); bar: at most 1.25 ×, met". */
export function rowText({ what, value, unit, spread, floor, ratio, bar, met }: Row): string {
  const range = spread === undefined ? '' : ` (${figure(spread.min)} to ${figure(spread.max)})`
  const beside =
    floor === undefined
      ? ''
      : `, ${figure(ratio ?? value / floor.value)} × ${floor.what} (${figure(floor.value)} ${unit})`
  const verdict = bar === undefined ? '' : `; bar: ${barText(bar, unit)}, ${met === true ? 'met' : 'NOT met'}`
  return `${what}: ${figure(value)} ${unit}${range}${beside}${verdict}`
}

export function barText(bar: Bar, unit: string): string {
  const limit = 'atMost' in bar ? `at most ${figure(bar.atMost)}` : `at least ${figure(bar.atLeast)}`
  return `${limit} ${bar.of === 'ratio' ? '×' : unit}`
}

/** Three digits are as many as a measurement on a machine with other work has. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return '–'
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString('en-US')
  return String(Number(value.toPrecision(3)))
}

// The gate measures less, and what is saved is what it compares with.
if (process.argv.includes('--check') && process.argv.includes('--save'))
  throw new Error(
    '--check and --save: the gate compares with what is saved, so it saves nothing; leave one out',
  )

/** At the start, when the code is read: a bench takes an hour, in which another commit may come. */
const COMMIT = process.argv.includes('--save') ? measuredCommit() : undefined
const RESULTS = join(import.meta.dirname, 'results')

function pathOf(bench: string): string {
  return join(RESULTS, `${bench}.json`)
}

/** Six digits: more would only make the differences of two runs longer. */
function roundedFigures(_key: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(6)) : value
}
