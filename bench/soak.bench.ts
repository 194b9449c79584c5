import { availableParallelism } from 'node:os'
import type { LoadPlan, LoadProtocol } from '../service/load/load-plan.ts'
import type { LoadReport } from '../service/load/load-report.ts'
import { runLoad } from '../service/load/run-load.ts'
import { VERSION } from '../service/version.ts'
import { type Curve, figure, judged, type Row, reportFindings, type Table } from './bench-result.ts'
import { growthOfSecondHalf } from './fitted-line.ts'
import { CHECK } from './regression-gate.ts'
import { serveIdgen } from './serving-idgen.ts'
import { type SoakSample, SoakSampler } from './soak-samples.ts'

/**
 * Half an hour at a constant rate over three protocols at once: is what the service needs flat?
 *
 *     [this process: a load thread a protocol] ──RESP, HTTP, gRPC──▶ [idgen serve: main, 2 threads] ──▶ [postgres]
 *               every 5 s ◀──/metrics, resident memory──────────────────────┘
 *
 *     MINUTES=30 node bench/soak.bench.ts [--short] [--save]      --short: one minute
 */
const SHORT = process.argv.includes('--short')
const MINUTES = Number(process.env['MINUTES'] ?? (SHORT ? 1 : 30))
const SAMPLE_MS = 5000
const THREADS = 2
/** Far from what two shared processors can do, so that the curve shows the service and not the machine; full load: open-loop. */
const RATES: readonly (readonly [LoadProtocol, number])[] = [
  ['resp', 20_000],
  ['http', 500],
  ['grpc-stream', 1000],
]
/** Of the mean, over the second half. Less may still be a leak, which half an hour cannot tell from a heap that settles: MINUTES. */
const GROWTH_MAX_PERCENT = 5
/** The heap is seen at any point of its saw-tooth, so its line is less sure. */
const HEAP_GROWTH_MAX_PERCENT = 10

if (!(MINUTES > 0)) throw new Error(`MINUTES is "${process.env['MINUTES']}": write a number above 0`)
if (CHECK) {
  console.log('nothing to check: a minute shows no leak; run it without --check')
  process.exit(0)
}
const idgen = await serveIdgen({
  tags: RATES.length,
  environment: { IDGEN_SERVER_THREADS: String(THREADS) },
})
try {
  const sampler = new SoakSampler(idgen.service)
  const loads = RATES.map(([protocol, rate], i) =>
    runLoad(planOf(protocol, rate, idgen.tags[i] ?? ''), {
      version: VERSION,
      onSecond: (second) => sampler.noteSecond(protocol, second),
      // The engine ends by itself when the time of the plan is over.
      stop: new AbortController().signal,
    }),
  )
  let sampling: Promise<void> = Promise.resolve()
  const ticking = setInterval(() => {
    sampling = sampling.then(() => sampler.sample())
  }, SAMPLE_MS)
  const reports = await Promise.all(loads).finally(() => clearInterval(ticking))
  await sampling
  report(reports, sampler.samples)
} finally {
  await idgen.end()
}

function report(reports: readonly LoadReport[], samples: readonly SoakSample[]): void {
  reportFindings({
    bench: 'soak',
    conditions: [
      `${figure(MINUTES)} minutes at a constant rate (open loop), one ID a request: ${RATES.map(([protocol, rate]) => `${figure(rate)}/s over ${protocol}`).join(', ')}.`,
      `One process with ${THREADS} threads that answer, on its embedded PostgreSQL; the load and its check of every ID run on the same ${availableParallelism()} processors.`,
      `A sample every ${SAMPLE_MS / 1000} s: heap, pauses and event-loop delay are the main thread's; resident memory is the whole process'.`,
      'Growth: along the line fitted to the second half, of its mean.',
    ],
    rows: rowsOf(reports, samples),
    tables: [tableOf(reports)],
    curves: curvesOf(samples),
  })
}

function rowsOf(reports: readonly LoadReport[], samples: readonly SoakSample[]): Row[] {
  const growth = (what: string, of: (sample: SoakSample) => number, atMost: number): Row =>
    judged({
      what: `${what}, growth over the second half`,
      value: growthOfSecondHalf(samples.map((sample): [number, number] => [sample.minute, of(sample)])) * 100,
      unit: '%',
      bar: { of: 'value', atMost },
    })
  const none = (what: string, of: (report: LoadReport) => number): Row =>
    judged({
      what,
      value: reports.reduce((sum, one) => sum + of(one), 0),
      unit: 'IDs',
      bar: { of: 'value', atMost: 0 },
    })
  return [
    growth('resident memory', ({ residentMb }) => residentMb, GROWTH_MAX_PERCENT),
    growth('heap of the main thread', ({ heapMb }) => heapMb, HEAP_GROWTH_MAX_PERCENT),
    judged({
      what: 'resident memory, the most',
      value: Math.max(...samples.map(({ residentMb }) => residentMb)),
      unit: 'MB',
      bar: { of: 'value', atMost: 400 },
    }),
    none('IDs that were lost or never asked for', ({ failures, notSent }) => failures + notSent),
    none('IDs that came twice', ({ check }) => check?.duplicates ?? Number.NaN),
  ]
}

function tableOf(reports: readonly LoadReport[]): Table {
  return {
    title: 'Protocols',
    columns: [
      'protocol',
      'answers',
      'answers/s',
      'p50, ms',
      'p99, ms',
      'p99.9, ms',
      'failures',
      'not sent',
      'twice',
    ],
    rows: reports.map(({ plan, answers, answersPerSecond, latency, failures, notSent, check }) => [
      plan.target.protocol,
      answers,
      Math.round(answersPerSecond),
      latency.p50,
      latency.p99,
      latency.p999,
      failures,
      notSent,
      check?.duplicates ?? 'not checked',
    ]),
  }
}

function curvesOf(samples: readonly SoakSample[]): Curve[] {
  const x = { unit: 'minutes', scale: 'linear' } as const
  const line = (label: string, of: (sample: SoakSample) => number) => ({
    label,
    points: samples.map((sample): [number, number] => [sample.minute, of(sample)]),
  })
  return [
    {
      title: 'Memory over time',
      x,
      y: { unit: 'MB', scale: 'linear' },
      lines: [line('resident', ({ residentMb }) => residentMb), line('heap, main', ({ heapMb }) => heapMb)],
    },
    {
      title: 'Pauses over time',
      x,
      y: { unit: 'ms', scale: 'linear' },
      lines: [
        line('loop delay p99', ({ loopDelayP99Ms }) => loopDelayP99Ms),
        line('GC per second', ({ gcMsPerSecond }) => gcMsPerSecond),
        line('answers p99', ({ p99Ms }) => p99Ms),
      ],
    },
    {
      title: 'Rate over time',
      x,
      y: { unit: 'answers/s', scale: 'linear' },
      lines: [line('answers', ({ answersPerSecond }) => answersPerSecond)],
    },
  ]
}

function planOf(protocol: LoadProtocol, rate: number, tag: string): LoadPlan {
  const { service, key } = idgen
  const { port } = new URL(service.httpOrigin)
  const ports = {
    http: Number(port),
    resp: service.respPort ?? 0,
    grpc: grpcPort(),
    'grpc-stream': grpcPort(),
  }
  return {
    target: { protocol, host: '127.0.0.1', port: ports[protocol], tls: undefined },
    tags: [tag],
    key,
    threads: 1,
    connections: 4,
    pipeline: protocol === 'http' ? 8 : 64,
    batch: 1,
    form: protocol === 'grpc-stream' ? 'runs' : 'text',
    command: 'incr',
    rate,
    requests: undefined,
    durationMs: MINUTES * 60_000,
    warmUpMs: 0,
    check: true,
    spin: false,
  }
}

function grpcPort(): number {
  return Number(idgen.service.grpcAddress.split(':')[1])
}
