import { type Curve, judged, type Row } from './bench-result.ts'
import { growthOverLast } from './fitted-line.ts'
import { median } from './median.ts'
import type { SoakSample } from './soak-samples.ts'

type Of = (sample: SoakSample) => number

/** Of the mean, over the second half. Less may still be a leak, which half an hour cannot tell from a heap that settles: MINUTES. */
const GROWTH_MAX_PERCENT = 5
/** Two thirds of the time, so two thirds of that growth. */
const LAST_GROWTH_MAX_PERCENT = 3.3
/** The heaps of one run end at other points of their saw-tooth than they began at. */
const HEAP_GROWTH_MAX_PERCENT = 10
/** Of the time that the collector takes, between two thirds of a run. */
const GC_GROWTH_MAX_PERCENT = 25
/** A tenth of what allows an answer: what is less, other work on the machine brings about. */
const DELAY_GROWTH_MAX_MS = 1
/** It is the worst of some thousand looks, so it jumps by more. */
const WORST_GROWTH_MAX_MS = 5
/** */
const P99_MAX_MS = 10
/** Parts of a run of which the least heap counts: what is left when the collector has just run. A minute of half an hour. */
const PARTS = 30

/** Whether memory and pauses were flat. What comes before the second half, or the second third, may fill and compile. */
export function flatnessRows(samples: readonly SoakSample[]): Row[] {
  return [
    ...memoryRows(
      'resident memory of the process',
      pointsOf(samples, ({ residentMb }) => residentMb),
      {
        half: GROWTH_MAX_PERCENT,
        third: LAST_GROWTH_MAX_PERCENT,
      },
    ),
    ...memoryRows(
      'heap of the main thread',
      leastOfParts(samples, ({ mainHeapMb }) => mainHeapMb),
      HEAP,
    ),
    ...memoryRows(
      'heaps of the protocol threads',
      leastOfParts(samples, ({ threadsHeapMb }) => threadsHeapMb),
      HEAP,
    ),
    {
      what: 'resident memory of the process, the most',
      value: Math.max(...samples.map(({ residentMb }) => residentMb)),
      unit: 'MB',
      bar: { of: 'value', atMost: 400 } as const,
    },
    {
      what: 'resident memory of the process, the last tenth beside the one after the first sixth',
      value: (residentOfTenth(samples, 0.9) / residentOfTenth(samples, 1 / 6) - 1) * 100,
      unit: '%',
    },
    gcRow('collector of the main thread', samples, ({ mainGcMsPerSecond }) => mainGcMsPerSecond),
    gcRow('collectors of the protocol threads', samples, ({ threadsGcMsPerSecond }) => threadsGcMsPerSecond),
    delayRow('loop delay of the main thread, p99', samples, ({ loopDelayP99Ms }) => loopDelayP99Ms),
    delayRow(
      'lateness of the protocol threads, at worst',
      samples,
      ({ threadsLateMs }) => threadsLateMs,
      WORST_GROWTH_MAX_MS,
    ),
    delayRow('answers, p99', samples, ({ p99Ms }) => p99Ms),
  ].map(judged)
}

const HEAP = { half: HEAP_GROWTH_MAX_PERCENT, third: HEAP_GROWTH_MAX_PERCENT }

function memoryRows(
  what: string,
  points: readonly (readonly [number, number])[],
  atMost: { readonly half: number; readonly third: number },
) {
  const row = (part: string, share: number, most: number) => ({
    what: `${what}, growth over the ${part}`,
    value: growthOverLast(share, points) * 100,
    unit: '%',
    bar: { of: 'value', atMost: most } as const,
  })
  return [row('second half', 1 / 2, atMost.half), row('last third', 1 / 3, atMost.third)]
}

function gcRow(what: string, samples: readonly SoakSample[], of: Of) {
  const { middle, last } = thirds(samples, of)
  return {
    what: `${what}: time of the last third beside the second`,
    value: (last / middle - 1) * 100,
    unit: '%',
    bar: { of: 'value', atMost: GC_GROWTH_MAX_PERCENT } as const,
  }
}

function delayRow(what: string, samples: readonly SoakSample[], of: Of, atMost = DELAY_GROWTH_MAX_MS) {
  const { middle, last } = thirds(samples, of)
  return {
    what: `${what}: the last third above the second`,
    value: last - middle,
    unit: 'ms',
    bar: { of: 'value', atMost } as const,
  }
}

/** The median of each, because a moment in which others have the processors is no growth. */
function thirds(samples: readonly SoakSample[], of: Of): { readonly middle: number; readonly last: number } {
  const [from, to] = [samples.length / 3, (samples.length * 2) / 3].map(Math.round)
  return {
    middle: median(samples.slice(from, to).map(of)),
    last: median(samples.slice(to).map(of)),
  }
}

/** `from`: share of the run at which the tenth begins. */
function residentOfTenth(samples: readonly SoakSample[], from: number): number {
  const begin = Math.min(samples.length - 1, Math.floor(samples.length * from))
  const part = samples.slice(begin, begin + Math.ceil(samples.length / 10))
  return median(part.map(({ residentMb }) => residentMb))
}

function pointsOf(samples: readonly SoakSample[], of: Of): [number, number][] {
  return samples.map((sample) => [sample.minute, of(sample)])
}

function leastOfParts(samples: readonly SoakSample[], of: Of): [number, number][] {
  const size = Math.max(1, Math.floor(samples.length / PARTS))
  const parts = Array.from({ length: Math.floor(samples.length / size) }, (_, at) =>
    samples.slice(at * size, (at + 1) * size),
  )
  return parts.map((part) => [part[0]?.minute ?? Number.NaN, Math.min(...part.map(of))])
}

/** Over the whole run, of one protocol. */
export function p99Row(protocol: string, p99Ms: number): Row {
  return judged({
    what: `answers over ${protocol}, p99`,
    value: p99Ms,
    unit: 'ms',
    bar: { of: 'value', atMost: P99_MAX_MS },
  })
}

export function soakCurves(samples: readonly SoakSample[]): Curve[] {
  const curve = (title: string, unit: string, lines: Readonly<Record<string, Of>>): Curve => ({
    title,
    x: { unit: 'minutes', scale: 'linear' },
    y: { unit, scale: 'linear' },
    lines: Object.entries(lines).map(([label, of]) => ({ label, points: pointsOf(samples, of) })),
  })
  return [
    curve('Memory', 'MB', {
      resident: ({ residentMb }) => residentMb,
      'heap, main': ({ mainHeapMb }) => mainHeapMb,
      'heaps, threads': ({ threadsHeapMb }) => threadsHeapMb,
    }),
    curve('Collector', 'ms of a second', {
      main: ({ mainGcMsPerSecond }) => mainGcMsPerSecond,
      threads: ({ threadsGcMsPerSecond }) => threadsGcMsPerSecond,
    }),
    curve('Late to work', 'ms', {
      'main, p99': ({ loopDelayP99Ms }) => loopDelayP99Ms,
      'threads, worst': ({ threadsLateMs }) => threadsLateMs,
    }),
    curve('Answers, p99', 'ms', { answers: ({ p99Ms }) => p99Ms }),
    curve('Rate', 'answers/s', { answers: ({ answersPerSecond }) => answersPerSecond }),
  ]
}
