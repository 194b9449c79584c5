import { DEFAULT_STEP } from '../service/core/tag.ts'
import { figure, judged, type Row, reportFindings, type Table } from './bench-result.ts'
import { preloadSuccess, runSwing, type SwingOutcome, usualAllocationMs, waste } from './preload-swing.ts'
import { CHECK } from './regression-gate.ts'

/**
 * How often a segment that is used up finds the next one in memory, and what is left over, under a rate that jumps tenfold:
 * the buffer of the service in virtual time, so the result is the same on every machine.
 *
 *     node bench/prefetch.bench.ts [--short] [--save] [--check]
 */
const MINUTES = process.argv.includes('--short') ? 2 : 60
const HALF_MS = 30_000
const STEP = DEFAULT_STEP
const RATES = [
  [100, 1000],
  [1000, 10_000],
  [10_000, 100_000],
] as const

const outcomes = RATES.map((rates) =>
  runSwing({
    step: STEP,
    rates,
    halfMs: HALF_MS,
    durationMs: MINUTES * 60_000,
    allocationMs: usualAllocationMs,
  }),
)
const rows = outcomes.flatMap(rowsOf)
reportFindings({
  bench: 'prefetch',
  conditions: [
    `${MINUTES} minutes of virtual time; the rate jumps every ${HALF_MS / 1000} s; the default steps (base ${STEP.base}, at most ${figure(STEP.max)}).`,
    'An allocation takes 3 ms, every fiftieth 200 ms, every five-hundredth 2 s.',
    'Waste: what lay in memory at the end, of all that was granted; a crash burns it, an orderly stop gives it back.',
  ],
  rows,
  tables: [tableOf(outcomes)],
})
if (CHECK && rows.some(({ met }) => met === false)) process.exitCode = 1

function rowsOf(outcome: SwingOutcome, i: number): Row[] {
  const where = (RATES[i] ?? []).map(figure).join(' and ')
  return [
    judged({
      what: `next segment was in memory, ${where} IDs/s`,
      value: preloadSuccess(outcome) * 100,
      unit: '%',
      bar: { of: 'value', atLeast: 99 },
    }),
    judged({
      what: `waste, ${where} IDs/s`,
      value: waste(outcome) * 100,
      unit: '%',
      bar: { of: 'value', atMost: 5 },
    }),
  ]
}

function tableOf(all: readonly SwingOutcome[]): Table {
  return {
    title: 'Counts',
    columns: ['IDs/s, in turns', 'issued', 'allocations', 'switches', 'not in memory', 'left over'],
    rows: all.map(({ issued, allocations, switches, ready, unused }, i) => [
      (RATES[i] ?? []).map(figure).join(' and '),
      issued,
      allocations,
      switches,
      switches - ready,
      unused,
    ]),
  }
}
