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

/** Between these it lies, by the number of the tag (preloadShareOf). */
const PRELOADS = [0.3, 0.5]

interface Case {
  readonly name: string
  readonly outcome: SwingOutcome
}

const cases = RATES.flatMap((rates) =>
  PRELOADS.map((preloadAt): Case => {
    const swing = { step: STEP, preloadAt, rates, halfMs: HALF_MS, durationMs: MINUTES * 60_000 }
    const name = `${rates.map(figure).join(' and ')} IDs/s, fetched from ${preloadAt * 100} % left`
    return { name, outcome: runSwing({ ...swing, allocationMs: usualAllocationMs }) }
  }),
)
const rows = cases.flatMap(rowsOf)
reportFindings({
  bench: 'prefetch',
  conditions: [
    `${MINUTES} minutes of virtual time; the rate jumps every ${HALF_MS / 1000} s; the default steps (base ${STEP.base}, at most ${figure(STEP.max)}).`,
    'An allocation takes 3 ms, every fiftieth 200 ms, every five-hundredth 2 s.',
    'Waste: what lay in memory at the end, of all that was granted; a crash burns it, an orderly stop gives it back.',
  ],
  rows,
  tables: [tableOf(cases)],
})
if (CHECK && rows.some(({ met }) => met === false)) process.exitCode = 1

function rowsOf({ name, outcome }: Case): Row[] {
  return [
    judged({
      what: `next segment was in memory, ${name}`,
      value: preloadSuccess(outcome) * 100,
      unit: '%',
      bar: { of: 'value', atLeast: 99 },
    }),
    judged({
      what: `waste, ${name}`,
      value: waste(outcome) * 100,
      unit: '%',
      bar: { of: 'value', atMost: 5 },
    }),
  ]
}

function tableOf(all: readonly Case[]): Table {
  return {
    title: 'Counts',
    columns: [
      'IDs/s in turns, and when the next is fetched',
      'issued',
      'allocations',
      'switches',
      'not in memory',
      'left over',
    ],
    rows: all.map(({ name, outcome: { issued, allocations, switches, ready, unused } }) => [
      name,
      issued,
      allocations,
      switches,
      switches - ready,
      unused,
    ]),
  }
}
