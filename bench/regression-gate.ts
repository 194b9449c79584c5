import { type BenchResult, committedResult, figure, judgedFigure, type Row } from './bench-result.ts'
import { thisMachine } from './machine.ts'

/**
 * `--check`: what is slower than it may be fails the process. Two limits, both with the row's `gate` as what a busy machine
 * may add: the bar of the issue, and what was committed last. Ratios of processor time alone are held against them; whether
 * the bars themselves are met, says docs/performance.md.
 */
export const CHECK = process.argv.includes('--check')

/**
 * The rows of a bench. Under `--check` what is beyond its limit is measured up to twice more, and the best counts: what
 * else the machine does can only add to a ratio.
 */
export async function gatedRows(
  bench: string,
  measure: () => Promise<readonly Row[]>,
): Promise<readonly Row[]> {
  let rows = await measure()
  if (!CHECK) return rows
  const committed = committedResult(bench)
  for (let again = 0; again < AGAIN_MAX && regressions(rows, committed).length > 0; again += 1)
    rows = bestOf(rows, await measure())
  for (const text of regressions(rows, committed)) {
    console.error(`SLOWER: ${text}`)
    process.exitCode = 1
  }
  return rows
}

/** One text for every limit that a row is beyond. */
export function regressions(rows: readonly Row[], committed: BenchResult | undefined): string[] {
  return rows.flatMap((row) => [...beyondBar(row, committed), ...beyondCommitted(row, committed)])
}

/** For each row the one whose judged figure is the better. */
export function bestOf(before: readonly Row[], now: readonly Row[]): readonly Row[] {
  return before.map((row) => {
    const other = now.find(({ what }) => what === row.what)
    if (other === undefined) return row
    const better =
      row.bar !== undefined && 'atLeast' in row.bar
        ? judgedFigure(other) > judgedFigure(row)
        : heldFigure(other) < heldFigure(row)
    return better ? other : row
  })
}

/** A bar that was not met when the result was committed cannot be lost; its row is held against that result alone. */
function beyondBar(row: Row, committed: BenchResult | undefined): string[] {
  const { what, bar, gate } = row
  if (bar === undefined || gate === undefined || committedRow(what, committed)?.met === false) return []
  const found = judgedFigure(row)
  const limit = 'atMost' in bar ? bar.atMost * gate : bar.atLeast / gate
  const holds = 'atMost' in bar ? found <= limit : found >= limit
  return holds ? [] : [`${what}: ${figure(found)}, where the bar with its allowance is ${figure(limit)}`]
}

/** Rows of a short form are no statement, and a new row has nothing to be held against. */
function beyondCommitted(row: Row, committed: BenchResult | undefined): string[] {
  const { what, ratio, gate } = row
  if (ratio === undefined || gate === undefined || committed?.form !== 'long') return []
  const before = committedRow(what, committed)?.ratio
  if (before === undefined) return []
  const sameMachine = committed.machine.cpu === thisMachine().cpu
  const limit = before * gate * (sameMachine ? 1 : OTHER_MACHINE)
  return ratio <= limit
    ? []
    : [
        `${what}: ${figure(ratio)} × its floor; committed: ${figure(before)}, with its allowance ${figure(limit)}`,
      ]
}

function committedRow(what: string, committed: BenchResult | undefined): Row | undefined {
  return committed?.rows.find((one) => one.what === what)
}

/** What is to be small: the ratio where there is one. */
function heldFigure({ ratio, value }: Row): number {
  return ratio ?? value
}

/** Each takes as long as the first, and `make bench-check` has to end within four minutes. */
const AGAIN_MAX = 2
/** Another processor weighs system calls and JavaScript differently: the same code was at 1.12 and at 1.25 times bare HTTP. */
const OTHER_MACHINE = 1.25
