import { BenchProcesses } from './bench-processes.ts'
import { judged, type Row, reportFindings } from './bench-result.ts'
import type { Listening } from './http-servers.ts'
import { costBeside, interleavedRounds, roundsText, type Subject } from './interleaved-rounds.ts'
import { CHECK, gatedRows } from './regression-gate.ts'
import { costPerRequest, type ServerLoad } from './server-load.ts'

/**
 * What traces cost: processor time per ID of idgen with one of a hundred calls and with one of a thousand (the default) traced
 * and exported, beside the same idgen with no exporter configured, in the same rounds; over each protocol. Of the Redis protocol a burst (the commands
 * that came together) is one call, so that with a pipeline of 16 one of some 1,600 commands begins a trace: that is what
 * tracing.ratio means there. On a stream of gRPC each request is a step.
 *
 *     node bench/tracing.bench.ts [--short] [--save] [--check]
 *
 *     [load process] ──▶ [untraced] | [1 of 1000] | [1 of 100] ──spans──▶ [collector]     (a process each, PROCESSES of each)
 */
interface Case {
  readonly what: string
  /** What is traced, or not, as a whole. */
  readonly unit: string
  /** Of bench/, with what it is started with: but for the collector and the ratio, which come last. */
  readonly server: string
  readonly untraced: readonly string[]
  readonly traced: readonly string[]
  readonly load: Omit<ServerLoad, 'requests'>
  /** A round; where it is not to be a statement, the quick ones. A third of a second or so. */
  readonly requests: number
  readonly quickRequests: number
  /** Of the ratio with one of a hundred to that of a quiet machine; one of a thousand costs less than what that allows for. */
  readonly gate: number
}

/** Two processes that do the same were seen a tenth apart, and 1.18 was seen while a test run used the machine. */
const GATE = 1.35
const CASES: readonly Case[] = [
  {
    what: 'one ID over HTTP',
    unit: 'call',
    server: 'http-servers.ts',
    untraced: ['idgen'],
    traced: ['idgen-traced'],
    load: { protocol: 'http', connections: 32, pipeline: 1 },
    requests: 20_000,
    quickRequests: 10_000,
    gate: GATE,
  },
  {
    what: 'one ID over gRPC (unary)',
    unit: 'call',
    server: 'http-servers.ts',
    untraced: ['idgen-grpc'],
    traced: ['idgen-grpc-traced'],
    load: { protocol: 'grpc', connections: 4, pipeline: 16 },
    requests: 20_000,
    quickRequests: 10_000,
    gate: GATE,
  },
  {
    what: 'one ID over gRPC (stream)',
    unit: 'request',
    server: 'http-servers.ts',
    untraced: ['idgen-grpc'],
    traced: ['idgen-grpc-traced'],
    load: { protocol: 'grpc-stream', connections: 4, pipeline: 16 },
    requests: 60_000,
    quickRequests: 20_000,
    gate: GATE,
  },
  {
    what: 'one ID over the Redis protocol, pipeline 16',
    unit: 'burst',
    server: 'resp-servers.ts',
    untraced: [],
    traced: [],
    load: { protocol: 'resp', connections: 50, pipeline: 16 },
    requests: 400_000,
    quickRequests: 100_000,
    // Of less than a microsecond, what else the machine does is more.
    gate: 1.5,
  },
]
const BAR_COST = 1.05
const UNTRACED = 'untraced'
interface Rate {
  readonly named: string
  readonly ratio: string
}
const HUNDRED: Rate = { named: 'a hundred', ratio: '0.01' }
/** The default of tracing.ratio. */
const THOUSAND: Rate = { named: 'a thousand', ratio: '0.001' }
const SHORT = process.argv.includes('--short')
const QUICK = SHORT || CHECK
const ROUNDS = SHORT ? { warmUp: 2, rounds: 3 } : CHECK ? { warmUp: 4, rounds: 5 } : { warmUp: 6, rounds: 5 }
/**
 * Of each server. What V8 makes of the code is decided anew in each process: two that do the same were seen a tenth apart for
 * as long as they ran, and no number of rounds tells that from what traces cost. With four of each the same code gave 1.06
 * and 1.10, 1.13 and 1.04: many processes, and few rounds of each.
 */
const PROCESSES = QUICK ? 1 : 12
/** What costs less than the gate allows for need not be gated. */
const RATES: readonly Rate[] = QUICK ? [HUNDRED] : [THOUSAND, HUNDRED]

const rows: Row[] = []
for (const one of CASES) rows.push(...(await rowsOf(one)))
reportFindings({
  bench: 'tracing',
  conditions: [
    'One ID a request over loopback: 32 keep-alive connections of HTTP; 4 of HTTP/2 with 16 calls, or requests of one stream, under way on each; 50 of the Redis protocol with 16 commands (INCR) under way on each.',
    'Key check and rate limits on; stores in memory; one thread.',
    'Of the Redis protocol commands that came together are one call: at a pipeline of 16 one of some 1,600 commands begins a trace.',
    'Spans are sent over OTLP to a server in a process of its own that takes anything.',
    `Processor time of the server process; ${roundsText(ROUNDS.rounds * PROCESSES)} in which all take turns, ${PROCESSES} processes of each.`,
  ],
  rows,
})

/** With processes of its own, which end with it: those of the next case share the processors with nobody. */
async function rowsOf(one: Case): Promise<readonly Row[]> {
  const processes = new BenchProcesses()
  try {
    const collector = await processes.server<Listening>('http-servers.ts', ['bare'])
    const endpoint = `http://127.0.0.1:${collector.listening.port}/v1/traces`
    const load = processes.start('load-process.ts')
    const asked: ServerLoad = { ...one.load, requests: QUICK ? one.quickRequests : one.requests }
    const subjectOf = async (name: string, argv: readonly string[]): Promise<Subject> => {
      const server = await processes.server<Listening>(one.server, argv)
      return { name, measure: () => costPerRequest(load, server, asked) }
    }
    const subjects: Subject[] = []
    // Each beside one without traces, in turn.
    for (let i = 0; i < PROCESSES; i += 1) {
      subjects.push(await subjectOf(UNTRACED, one.untraced))
      for (const { named, ratio } of RATES)
        subjects.push(await subjectOf(named, [...one.traced, endpoint, ratio]))
    }
    return await gatedRows('tracing', () => besideUntraced(one, subjects))
  } finally {
    processes.endAll()
  }
}

async function besideUntraced(
  { what, unit, gate }: Case,
  subjects: readonly Subject[],
): Promise<readonly Row[]> {
  const rounds = await interleavedRounds(subjects, ROUNDS)
  const of = (name: string) => rounds.flatMap((costs, i) => (subjects[i]?.name === name ? costs : []))
  return RATES.map(({ named }) =>
    judged({
      what: `${what}, one ${unit} of ${named} traced`,
      ...costBeside(of(named), { what: 'the same without traces', costs: of(UNTRACED) }),
      bar: { of: 'ratio', atMost: BAR_COST },
      ...(named === HUNDRED.named ? { gate } : {}),
    }),
  )
}
