import { availableParallelism } from 'node:os'
import type { LoadPlan, LoadProtocol } from '../service/load/load-plan.ts'
import type { LoadReport } from '../service/load/load-report.ts'
import { runLoad } from '../service/load/run-load.ts'
import { VERSION } from '../service/version.ts'
import { figure, judged, type Row, reportFindings, type Table } from './bench-result.ts'
import { CHECK } from './regression-gate.ts'
import { repeats } from './repeats.ts'
import { serveIdgen } from './serving-idgen.ts'
import { flatnessRows, p99Row, soakCurves } from './soak-findings.ts'
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
/**
 * A fifth of the steady rate of the open loop, which needs both processors with its generator: there the curve would show who
 * got one, and not the service.
 */
const RATES: readonly (readonly [LoadProtocol, number])[] = [
  ['resp', 200_000],
  ['http', 1000],
  ['grpc-stream', 5000],
]

if (!(MINUTES > 0)) throw new Error(`MINUTES is "${process.env['MINUTES']}": write a number above 0`)
if (MINUTES < 30 && !SHORT && process.argv.includes('--save'))
  throw new Error(`MINUTES is "${MINUTES}": what is saved is of half an hour or more, or --short`)
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
      `A sample every ${SAMPLE_MS / 1000} s. Each thread has a heap and a collector of its own: those of the main thread stand apart from those of the protocol threads together; resident memory is the whole process' (the database is another one).`,
      "Loop delay: by how much the main thread's loop came later than its timer was set (the metric less the timer's 10 ms). Lateness of the protocol threads: of the latest, at worst in the last 15 to 30 s.",
      'Growth of memory: along a fitted line, of its mean; of a heap the least of each minute counts, which is what is left when the collector has just run. Pauses: the median of the last third beside that of the second.',
    ],
    rows: [...flatnessRows(samples), ...answerRows(reports)],
    tables: [tableOf(reports)],
    curves: soakCurves(samples),
  })
}

function answerRows(reports: readonly LoadReport[]): Row[] {
  const none = (what: string, of: (report: LoadReport) => number): Row =>
    judged({
      what,
      value: reports.reduce((sum, one) => sum + of(one), 0),
      unit: 'IDs',
      bar: { of: 'value', atMost: 0 },
    })
  return [
    ...reports.map(({ plan, latency }) => p99Row(plan.target.protocol, latency.p99)),
    none('IDs that were lost or never asked for', ({ failures, notSent }) => failures + notSent),
    none('IDs that came twice', repeats),
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
    connections: 8,
    pipeline: protocol === 'http' ? 8 : 128,
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
