import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { GrpcRound } from './grpc-load.ts'
import type { GrpcListening, Transport } from './grpc-servers.ts'
import { median } from './median.ts'

/**
 * What a single ID costs over gRPC: processor time of the server per ID, beside a bare node:http server, our HTTP route
 * and a bare grpc-js echo (ours with authentication and limits on, stores in memory), and the latency that one caller
 * sees (R-1.4.2: at least 30 % below HTTP): with clients that do next to nothing themselves, and with Node's libraries.
 *
 *     [load process] ──▶ [bare node:http] | [grpc-js echo] | [idgen grpc: unary, stream] | [idgen http]     (a process each)
 *
 * All take turns within a round, so that a busy machine slows all; the result is the median of the rounds' ratios.
 * `--check` fails above the bars.
 */
const ROUNDS = 7
const WARM_UP_ROUNDS = 2
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
  readonly server: GrpcListening & { readonly process: ChildProcess }
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

const children: ChildProcess[] = []
try {
  const load = start('grpc-load.ts', [])
  const idgen = await startServer('idgen')
  const subjects: Subject[] = [
    { name: 'bare HTTP', server: await startServer('bare'), transport: 'http' },
    { name: 'grpc-js echo', server: await startServer('echo'), transport: 'unary' },
    { name: 'idgen unary', server: idgen, transport: 'unary' },
    { name: 'idgen stream', server: idgen, transport: 'stream' },
    { name: 'idgen HTTP', server: await startServer('http'), transport: 'http' },
  ]
  const rounds: Measured[][] = []
  for (let round = -WARM_UP_ROUNDS; round < ROUNDS; round += 1) {
    const measured: Measured[] = []
    for (const subject of subjects) measured.push(await measure(load, subject))
    if (round >= 0) rounds.push(measured)
  }
  report(subjects, rounds)
} finally {
  for (const child of children) child.kill()
}

function report(subjects: readonly Subject[], rounds: readonly Measured[][]): void {
  const of = (subject: number, what: keyof Measured): number =>
    median(rounds.map((round) => round[subject]?.[what] ?? Number.NaN))
  for (const [i, { name }] of subjects.entries())
    console.log(
      `${name.padEnd(14)} ${of(i, 'cpuMicros').toFixed(1)} µs CPU of the server per ID, latency of ${CALLERS} callers ${of(i, 'busyMicros').toFixed(0)} µs, of one ${of(i, 'latencyMicros').toFixed(0)} µs (with Node's library ${of(i, 'libraryMicros').toFixed(0)} µs)`,
    )
  const ratio = (subject: number, to: number, what: keyof Measured): number =>
    median(rounds.map((round) => (round[subject]?.[what] ?? Number.NaN) / (round[to]?.[what] ?? Number.NaN)))
  const [BARE, ECHO, UNARY, STREAM, HTTP] = [0, 1, 2, 3, 4] as const
  const judged: [what: string, measured: number, bar: number | undefined][] = [
    ['CPU: unary / bare node:http', ratio(UNARY, BARE, 'cpuMicros'), BAR_UNARY_TO_BARE],
    ['CPU: unary / grpc-js echo', ratio(UNARY, ECHO, 'cpuMicros'), undefined],
    ['CPU: unary / idgen HTTP', ratio(UNARY, HTTP, 'cpuMicros'), undefined],
    ['CPU: stream / idgen HTTP', ratio(STREAM, HTTP, 'cpuMicros'), BAR_STREAM_TO_HTTP],
    [`latency of ${CALLERS} callers: unary / idgen HTTP`, ratio(UNARY, HTTP, 'busyMicros'), BAR_LATENCY],
    [
      `latency of ${CALLERS} callers: stream / idgen HTTP`,
      ratio(STREAM, HTTP, 'busyMicros'),
      BAR_STREAM_TO_HTTP,
    ],
    ['latency of one caller: unary / idgen HTTP', ratio(UNARY, HTTP, 'latencyMicros'), undefined],
    ['latency of one caller: stream / idgen HTTP', ratio(STREAM, HTTP, 'latencyMicros'), undefined],
    ['latency of one caller: bare node:http / idgen HTTP', ratio(BARE, HTTP, 'latencyMicros'), undefined],
    ["the same with Node's libraries: unary / idgen HTTP", ratio(UNARY, HTTP, 'libraryMicros'), undefined],
    ["the same with Node's libraries: stream / idgen HTTP", ratio(STREAM, HTTP, 'libraryMicros'), undefined],
  ]
  for (const [what, measured, bar] of judged) {
    const verdict = bar === undefined ? '' : ` (bar ${bar}: ${measured <= bar ? 'met' : 'NOT met'})`
    console.log(`${what} ${measured.toFixed(2)}${verdict}`)
    if (process.argv.includes('--check') && bar !== undefined && measured > bar) process.exitCode = 1
  }
}

async function measure(load: ChildProcess, { server, transport }: Subject): Promise<Measured> {
  const { port, path, authorization } = server
  const round: GrpcRound = {
    port,
    path,
    authorization,
    transport,
    client: 'library',
    callers: CALLERS,
    requests: REQUESTS_BUSY,
  }
  const before = await ask<{ cpuMicros: number }>(server.process, {})
  await ask(load, round)
  const after = await ask<{ cpuMicros: number }>(server.process, {})
  const busy = await ask<{ medianMicros: number }>(load, { ...round, client: 'thin' })
  const one = { ...round, callers: 1, requests: REQUESTS_ALONE }
  const thin = await ask<{ medianMicros: number }>(load, { ...one, client: 'thin' })
  const library = await ask<{ medianMicros: number }>(load, one)
  return {
    cpuMicros: (after.cpuMicros - before.cpuMicros) / REQUESTS_BUSY,
    busyMicros: busy.medianMicros,
    latencyMicros: thin.medianMicros,
    libraryMicros: library.medianMicros,
  }
}

async function startServer(kind: string): Promise<Subject['server']> {
  const child = start('grpc-servers.ts', [kind])
  const [listening] = (await once(child, 'message')) as [GrpcListening]
  return { ...listening, process: child }
}

function start(file: string, argv: readonly string[]): ChildProcess {
  const child = fork(join(import.meta.dirname, file), argv)
  child.on('exit', (code) => {
    if (code !== null && code !== 0) throw new Error(`${file} ended with ${code}`)
  })
  children.push(child)
  return child
}

async function ask<T>(child: ChildProcess, message: object): Promise<T> {
  child.send(message)
  const [answer] = (await once(child, 'message')) as [T & { readonly error?: string }]
  if (answer.error !== undefined) throw new Error(answer.error)
  return answer
}
