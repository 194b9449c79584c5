import { DEFAULT_STEP } from '../service/core/tag.ts'
import { figure, judged, type Row, reportFindings, type Table } from './bench-result.ts'
import { preloadSuccess, runSwing, type SwingOutcome, usualAllocationMs, waste } from './preload-swing.ts'
import { CHECK } from './regression-gate.ts'
import { runServedSwing, type ServedOutcome } from './served-swing.ts'

/**
 * How often a segment that is used up finds the next one in memory, and what is left over, under a rate that jumps tenfold:
 * the buffer of the service in virtual time, so the result is the same on every machine.
 * And once in a whole service in ten minutes of real time, without --check: there threads hold shares, too.
 *
 *     node bench/prefetch.bench.ts [--short] [--save] [--check]
 */
const SHORT = process.argv.includes('--short')
const MINUTES = SHORT ? 2 : 60
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
/** The same with threads, to which the main thread lends shares: what these hold is not in the simulated counts. */
const SERVED_RATES = [10_000, 100_000] as const
const served = CHECK
  ? undefined
  : await runServedSwing({
      step: STEP,
      threads: 2,
      rates: SERVED_RATES,
      halfMs: SHORT ? 3000 : HALF_MS,
      halves: SHORT ? 2 : 20,
    })
const rows = [...cases.flatMap(rowsOf), ...(served === undefined ? [] : servedRows(served))]
reportFindings({
  bench: 'prefetch',
  conditions: [
    `${MINUTES} minutes of virtual time; the rate jumps every ${HALF_MS / 1000} s; the default steps (base ${STEP.base}, at most ${figure(STEP.max)}).`,
    'An allocation takes 3 ms, every fiftieth 200 ms, every five-hundredth 2 s.',
    'Waste: what lay in memory at the end, of all that was granted; a crash burns it, an orderly stop gives it back.',
    'The rows "a whole service": real time, a process with 2 threads on its embedded PostgreSQL, RESP, one tag, from the first start of a tag on.',
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

function servedRows({ issued, granted, lent, used, switches, ready }: ServedOutcome): Row[] {
  const name = `a whole service, ${SERVED_RATES.map(figure).join(' and ')} IDs/s`
  return [
    judged({
      what: `next segment was in memory, ${name}`,
      value: (ready / switches) * 100,
      unit: '%',
      bar: { of: 'value', atLeast: 99 },
    }),
    { what: `segments used up, ${name}`, value: switches, unit: 'segments' },
    judged({
      what: `waste, ${name}`,
      value: (1 - issued / granted) * 100,
      unit: '%',
      bar: { of: 'value', atMost: 5 },
    }),
    judged({
      what: `lent to threads and not handed out, ${name}`,
      value: (1 - used / lent) * 100,
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
