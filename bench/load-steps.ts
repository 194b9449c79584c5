import type { LoadReport } from '../service/load/load-report.ts'
import { type Curve, figure, judged, type Row, type Table } from './bench-result.ts'
import { repeats } from './repeats.ts'
import type { ThreadShares } from './thread-times.ts'

/** The same commands at the same rate to redis-server. */
export interface FloorStep {
  readonly report: LoadReport
  /** Processors that it used. */
  readonly process: number
}

/** One rate of an open loop, and what came of it. */
export interface LoadStep {
  readonly tags: number
  /** Asked for, IDs a second. */
  readonly rate: number
  readonly report: LoadReport
  readonly shares: ThreadShares
  /** The most that was resident in it. */
  readonly peakMb: number
  /** undefined: there is no redis-server here. */
  readonly floor: FloorStep | undefined
}

/** The bars of issue 6: the latency of each step, and the rest for those at the steady rate. */
export function stepBars(
  steps: readonly LoadStep[],
  around: {
    /** Those with a bar, IDs a second; what lies beyond shows where it breaks. */
    readonly rates: readonly number[]
    readonly mainRate: number
    /** Resident after a start with the defaults, and after one with threads and the Redis protocol. */
    readonly plainMb: number
    readonly atStart: number
    readonly processors: number
  },
): Row[] {
  const { rates, mainRate, plainMb, atStart, processors } = around
  const main = steps.filter(({ rate }) => rate === mainRate)
  const rows = [
    ...steps.map((step) => ({
      what: `p99, ${where(step)}`,
      value: step.report.latency.p99,
      unit: 'ms',
      ...floorOf(step, ({ report }) => report.latency.p99),
      ...(rates.includes(step.rate) ? { bar: most(P99_MAX_MS) } : {}),
    })),
    ...main.flatMap((step) => steadyRows(step, processors)),
  ]
  const peak = main.length === 0 ? Number.NaN : Math.max(...steps.map(({ peakMb }) => peakMb))
  return [
    ...rows,
    { what: 'resident memory after a start with the defaults', value: plainMb, unit: 'MB', bar: most(150) },
    {
      what: 'resident memory after a start with threads, the Redis protocol and its tags',
      value: atStart,
      unit: 'MB',
    },
    { what: 'resident memory, the most of all steps', value: peak, unit: 'MB', bar: most(400) },
  ].map(judged)
}

function steadyRows(step: LoadStep, processors: number) {
  const { report, shares } = step
  return [
    {
      what: `IDs asked for and not answered, ${where(step)}`,
      value: report.failures,
      unit: 'IDs',
      bar: most(0),
    },
    {
      what: `IDs never asked for, ${where(step)}`,
      value: report.notSent,
      unit: 'IDs',
      bar: most(0),
    },
    { what: `IDs that came twice, ${where(step)}`, value: repeats(report), unit: 'IDs', bar: most(0) },
    {
      what: `share of the ${processors} processors that the process used, ${where(step)}`,
      value: (shares.process / processors) * 100,
      unit: '%',
      ...floorOf(step, ({ process }) => (process / processors) * 100),
      bar: most(85),
    },
    {
      what: `least busy answering thread below the busiest, connections dealt evenly, ${where(step)}`,
      value: apart(shares) * 100,
      unit: '%',
      bar: most(10),
    },
  ]
}

function floorOf({ floor }: LoadStep, of: (floor: FloorStep) => number) {
  return floor === undefined ? {} : { floor: { what: 'redis-server', value: of(floor) } }
}

function where({ rate, tags }: LoadStep): string {
  return `${figure(rate)}/s, ${counted(tags)}`
}

function most(bar: number) {
  return { of: 'value', atMost: bar } as const
}

export function stepTable(steps: readonly LoadStep[]): Table {
  return {
    title: 'Every step',
    columns: [
      'asked for, /s',
      'tags',
      'answered, /s',
      'p50, ms',
      'p99, ms',
      'p99.9, ms',
      'processors used',
      'main thread',
      'answering threads',
      'the load generator',
      'not answered',
      'sent again',
      'never asked for',
      'twice',
    ],
    rows: steps.map(({ tags, rate, report, shares }) => [
      rate,
      tags,
      Math.round(report.answersPerSecond),
      report.latency.p50,
      report.latency.p99,
      report.latency.p999,
      shares.process,
      percent(shares.main),
      shares.answering.map(percent).join(', '),
      percent(report.tool.busiestThread),
      report.failures,
      report.resent,
      report.notSent,
      repeats(report),
    ]),
  }
}

/** None where no step has a floor. */
export function floorTable(steps: readonly LoadStep[]): Table[] {
  const rows = steps.flatMap(({ tags, rate, floor }) =>
    floor === undefined
      ? []
      : [
          [
            rate,
            tags,
            Math.round(floor.report.answersPerSecond),
            floor.report.latency.p50,
            floor.report.latency.p99,
            floor.report.latency.p999,
            floor.process,
            percent(floor.report.tool.busiestThread),
            lost(floor.report),
          ],
        ],
  )
  if (rows.length === 0) return []
  const columns = [
    'asked for, /s',
    'keys',
    'answered, /s',
    'p50, ms',
    'p99, ms',
    'p99.9, ms',
    'processors used',
    'the load generator',
    'not answered or never asked for',
  ]
  return [{ title: 'The floor: redis-server at the same rates', columns, rows }]
}

export function stepCurves(steps: readonly LoadStep[]): Curve[] {
  const x = { unit: 'IDs asked for, millions/s', scale: 'linear' } as const
  return [...new Set(steps.map(({ tags }) => tags))].flatMap((tags): Curve[] => {
    const own = steps.filter((step) => step.tags === tags)
    const line = (label: string, of: (step: LoadStep) => number) => ({
      label,
      points: own.map((step): [number, number] => [step.rate / 1e6, of(step)]),
    })
    return [
      {
        title: `Latency, ${counted(tags)}`,
        x,
        y: { unit: 'ms', scale: 'log' },
        lines: [
          line('p50', ({ report }) => report.latency.p50),
          line('p99', ({ report }) => report.latency.p99),
          line('p99.9', ({ report }) => report.latency.p999),
        ],
      },
      ...(own.every(({ floor }) => floor === undefined)
        ? []
        : [
            {
              title: `Beside redis-server, ${counted(tags)}`,
              x,
              y: { unit: 'ms', scale: 'log' } as const,
              lines: [
                line('idgen, p99', ({ report }) => report.latency.p99),
                line('redis, p99', ({ floor }) => floor?.report.latency.p99 ?? Number.NaN),
              ],
            },
          ]),
      {
        title: `Busy, ${counted(tags)}`,
        x,
        y: { unit: '% of a processor', scale: 'linear' },
        lines: [
          line('busiest', ({ shares }) => Math.max(...shares.answering) * 100),
          line('main', ({ shares }) => shares.main * 100),
          line('load tool', ({ report }) => report.tool.busiestThread * 100),
        ],
      },
    ]
  })
}

/** Where it breaks, and which thread was full there. */
export function stepNote(steps: readonly LoadStep[]): string {
  const tags = counted(steps[0]?.tags ?? 0)
  const broken = steps.find(isBroken)
  if (broken === undefined)
    return `With ${tags} every rate up to ${figure(steps.at(-1)?.rate ?? 0)}/s was reached with a p99 below ${P99_MAX_MS} ms.`
  const { rate, report } = broken
  const found = `With ${tags} it breaks first at ${figure(rate)}/s: ${figure(report.answersPerSecond)}/s were answered, p99 ${figure(report.latency.p99)} ms, ${figure(report.failures)} were not answered, ${figure(report.notSent)} never asked for because all connections were full`
  return `${found}; ${limitOf(broken)}.`
}

/** The load generator is no sign: its thread looks at the time without a pause, so it is busy at every rate. */
function limitOf({ shares: { main, answering }, report }: LoadStep): string {
  const busiest = Math.max(...answering)
  const use = `answering threads ${answering.map(percent).join(' and ')}, main thread ${percent(main)} of a processor`
  if (main >= FULL) return `the main thread is full (${use})`
  if (busiest >= FULL) return `an answering thread is full (${use})`
  const seconds = report.intervals.filter(({ second }) => second * 1000 > report.plan.warmUpMs)
  const slow = seconds.filter(({ p99 }) => p99 >= P99_MAX_MS)
  return `no thread of the service is full (${use}), and ${slow.length} of ${seconds.length} seconds had a p99 of ${P99_MAX_MS} ms or more; load generator, database and service share the processors, and who got none in those moments was not measured`
}

export function isBroken({ rate, report }: LoadStep): boolean {
  return report.answersPerSecond < rate * REACHED || report.latency.p99 >= P99_MAX_MS || lost(report) > 0
}

/** Not answered, which is the server's doing; or its moment came and all connections were full until the end: whoever was slow. */
function lost({ failures, notSent }: LoadReport): number {
  return failures + notSent
}

function apart({ answering }: ThreadShares): number {
  return 1 - Math.min(...answering) / Math.max(...answering)
}

function counted(tags: number): string {
  return tags === 1 ? '1 tag' : `${tags} tags`
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`
}

const P99_MAX_MS = 10
/** A thousandth may lie in the rounding of the seconds. */
const REACHED = 0.999
/** Of a processor; the rest is what the kernel and others took from the thread. */
const FULL = 0.9
