import type { ChildProcess } from 'node:child_process'
import { ask, BenchProcesses, type BenchServer, cpuMicrosOf } from './bench-processes.ts'
import { type Bar, judged, type Row, reportFindings } from './bench-result.ts'
import type { GrpcRound } from './grpc-load.ts'
import { grpcOpenLoop } from './grpc-open-loop.ts'
import type { GrpcListening, Transport } from './grpc-servers.ts'
import { type Cost, roundsText, spreadOf } from './interleaved-rounds.ts'
import { grpcKeyCheck, keyCheckRow } from './key-check.ts'
import { median } from './median.ts'
import { CHECK, gatedRows } from './regression-gate.ts'

/**
 * What a single ID costs over gRPC: processor time of the server per ID, beside a bare node:http server, our HTTP route
 * and a bare grpc-js echo (ours with authentication and limits on, stores in memory), and the latency that one caller
 * sees (R-1.4.2: at least 30 % below HTTP): with clients that do next to nothing themselves, and with Node's libraries; at last
 * the rate that is reached, and the latency of an open loop.
 *
 *     [load process] ──▶ [bare node:http] | [grpc-js echo] | [idgen grpc: unary, stream] | [idgen http]     (a process each)
 *
 * All take turns within a round, so that a busy machine slows all; the result is the median of the rounds' ratios.
 *
 *     node bench/grpc.bench.ts [--short] [--save] [--check]
 */
const SHORT = process.argv.includes('--short')
const ROUNDS = SHORT ? 1 : CHECK ? 3 : 7
const WARM_UP_ROUNDS = SHORT ? 1 : 2
/** A few microseconds beside tens: ratios were seen at 1.25 of the saved one on a quiet machine. */
const GATE = 1.6
const CALLERS = 64
const REQUESTS_BUSY = 8_000
const REQUESTS_ALONE = 1_500
/** Of issue "speed": unary beside bare node:http, the stream beside our HTTP route. */
const BAR_UNARY_TO_BARE = 1.3
const BAR_STREAM_TO_HTTP = 0.5
/** of latency, at the same number of callers. Of one caller alone nearly all is the way through two sockets. */
const BAR_LATENCY = 0.7

interface Subject {
  readonly name: string
  readonly server: BenchServer<GrpcListening>
  readonly transport: Transport
}

interface Measured {
  /** Of the server, per ID, while busy. */
  readonly cpuMicros: number
  /** Median of what each of as many callers sees, of clients that do next to nothing. */
  readonly busyMicros: number
  /** Median of a single caller, one call after the other, of a client that does next to nothing. */
  readonly latencyMicros: number
  /** The same with Node's client libraries, whose own time is most of it. */
  readonly libraryMicros: number
}

type Figure = keyof Measured

interface Round {
  /** In the order of the subjects. */
  readonly measured: readonly Measured[]
  readonly keyCheck: Cost
}

const NOTHING: Measured = {
  cpuMicros: Number.NaN,
  busyMicros: Number.NaN,
  latencyMicros: Number.NaN,
  libraryMicros: Number.NaN,
}

const processes = new BenchProcesses()
try {
  const load = processes.start('grpc-load.ts')
  const idgen = await server('idgen')
  const checkKeys = await grpcKeyCheck()
  const subjects: Subject[] = [
    { name: 'bare node:http', server: await server('bare'), transport: 'http' },
    { name: 'bare grpc-js', server: await server('echo'), transport: 'unary' },
    { name: 'unary', server: idgen, transport: 'unary' },
    { name: 'stream', server: idgen, transport: 'stream' },
    { name: 'idgen HTTP', server: await server('http'), transport: 'http' },
  ]
  const rows = await gatedRows('grpc', async () =>
    rowsOf(subjects, await allRounds(subjects, load, checkKeys)),
  )
  const steady = CHECK ? undefined : await grpcOpenLoop(processes, { callers: CALLERS, short: SHORT })
  reportFindings({
    bench: 'grpc',
    conditions: [
      `One ID a call, or a message on a stream, over loopback; ${CALLERS} callers on one HTTP/2 connection, or ${CALLERS} connections over HTTP; one tag.`,
      'Key check, rate limits (set above the rate) and metrics on; stores in memory; one thread. Clients run on the same processors.',
      `Processor time of the server process under Node's client libraries; latencies as the median that callers see; ${roundsText(ROUNDS)} in which all take turns.`,
      "The clients of the latencies do next to nothing themselves; those of the rows that say so are Node's libraries, whose own time is most of it.",
      `Requests a second and the open loop: asked by the engine of \`idgen bench\`, ${CALLERS} under way, on one connection over gRPC; latency counts from the moment at which a request was to be sent.`,
    ],
    rows: [...rows, ...(steady?.rows ?? [])],
    ...(steady && { notes: steady.notes }),
  })
} finally {
  processes.endAll()
}

/** Which figure of which subject stands beside whose. */
interface Comparison {
  readonly subject: number
  readonly to: number
  readonly figure: Figure
  readonly what: string
  readonly bar?: Bar
  readonly gate?: number
}

function rowsOf(subjects: readonly Subject[], rounds: readonly Round[]): Row[] {
  const [BARE, ECHO, UNARY, STREAM, HTTP] = [0, 1, 2, 3, 4] as const
  const cpu = { figure: 'cpuMicros', gate: GATE } as const
  const atMost = (limit: number): { bar: Bar } => ({ bar: { of: 'ratio', atMost: limit } })
  const busy = `latency of ${CALLERS} callers`
  const comparisons: readonly Comparison[] = [
    { ...cpu, subject: UNARY, to: BARE, what: 'unary', ...atMost(BAR_UNARY_TO_BARE) },
    { ...cpu, subject: UNARY, to: ECHO, what: 'unary' },
    { ...cpu, subject: UNARY, to: HTTP, what: 'unary' },
    { ...cpu, subject: STREAM, to: HTTP, what: 'stream', ...atMost(BAR_STREAM_TO_HTTP) },
  ]
  const latencies: readonly Comparison[] = [
    { subject: UNARY, to: HTTP, figure: 'busyMicros', what: `unary, ${busy}`, ...atMost(BAR_LATENCY) },
    {
      subject: STREAM,
      to: HTTP,
      figure: 'busyMicros',
      what: `stream, ${busy}`,
      ...atMost(BAR_STREAM_TO_HTTP),
    },
    { subject: UNARY, to: HTTP, figure: 'latencyMicros', what: 'unary, latency of one caller' },
    { subject: STREAM, to: HTTP, figure: 'latencyMicros', what: 'stream, latency of one caller' },
    { subject: BARE, to: HTTP, figure: 'latencyMicros', what: 'bare node:http, latency of one caller' },
    { subject: UNARY, to: HTTP, figure: 'libraryMicros', what: "unary, one caller with Node's library" },
    { subject: STREAM, to: HTTP, figure: 'libraryMicros', what: "stream, one caller with Node's library" },
  ]
  const measured = rounds.map((round) => round.measured)
  const costs = measured.map((round) => costOf(round[UNARY]))
  return [
    ...[...comparisons, ...(CHECK ? [] : latencies)].map((one) =>
      rowOf(one, subjects[one.to]?.name ?? '', measured),
    ),
    keyCheckRow(
      'a whole unary call',
      rounds.map(({ keyCheck }) => keyCheck),
      { what: 'unary', costs },
    ),
  ]
}

function costOf({ cpuMicros: micros }: Measured = NOTHING): Cost {
  return { micros, perSecond: 1e6 / micros }
}

function rowOf(
  { subject, to, figure, what, bar, gate }: Comparison,
  beside: string,
  rounds: readonly (readonly Measured[])[],
): Row {
  const of = (which: number): number[] => rounds.map((round) => round[which]?.[figure] ?? Number.NaN)
  const [ours, floor] = [of(subject), of(to)]
  return judged({
    what: `${what}, beside ${beside}`,
    value: median(ours),
    unit: 'µs',
    spread: spreadOf(ours),
    floor: { what: beside, value: median(floor) },
    ratio: median(ours.map((one, i) => one / (floor[i] ?? Number.NaN))),
    ...(bar && { bar }),
    ...(gate && { gate }),
  })
}

async function allRounds(
  subjects: readonly Subject[],
  load: ChildProcess,
  checkKeys: () => Promise<Cost>,
): Promise<Round[]> {
  const rounds: Round[] = []
  for (let round = -WARM_UP_ROUNDS; round < ROUNDS; round += 1) {
    const measured: Measured[] = []
    for (const subject of subjects) measured.push(await measure(load, subject))
    const keyCheck = await checkKeys()
    if (round >= 0) rounds.push({ measured, keyCheck })
  }
  return rounds
}

async function measure(load: ChildProcess, { server: asked, transport }: Subject): Promise<Measured> {
  const round: GrpcRound = {
    ...asked.listening,
    transport,
    client: 'library',
    callers: CALLERS,
    requests: REQUESTS_BUSY,
  }
  const before = await cpuMicrosOf(asked.process)
  await ask(load, round)
  const cpuMicros = ((await cpuMicrosOf(asked.process)) - before) / REQUESTS_BUSY
  // Latencies of a machine with other work hold nothing up.
  if (CHECK) return { ...NOTHING, cpuMicros }
  const one = { ...round, callers: 1, requests: REQUESTS_ALONE }
  return {
    cpuMicros,
    busyMicros: await latencyOf(load, { ...round, client: 'thin' }),
    latencyMicros: await latencyOf(load, { ...one, client: 'thin' }),
    libraryMicros: await latencyOf(load, one),
  }
}

async function latencyOf(load: ChildProcess, round: GrpcRound): Promise<number> {
  return (await ask<{ medianMicros: number }>(load, round)).medianMicros
}

async function server(kind: string): Promise<BenchServer<GrpcListening>> {
  return processes.server<GrpcListening>('grpc-servers.ts', [kind])
}
