import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { GrpcRound } from './grpc-load.ts'
import type { GrpcListening, Transport } from './grpc-servers.ts'
import { median } from './median.ts'

/**
 * What a single ID costs over gRPC: processor time of the server per ID, beside bare grpc-js with the same codec and
 * beside our HTTP route (both with authentication on, stores in memory), and the latency that one caller sees
 * (R-1.4.2: at least 30 % below HTTP), with Node's own client libraries on both sides.
 *
 *     [load process] ──▶ [echo] | [idgen grpc: unary, stream] | [idgen http]     (a process each)
 *
 * All take turns within a round, so that a busy machine slows all; the result is the median of the rounds' ratios.
 * `--check` fails above the bars, which guard against getting slower.
 */
const ROUNDS = 7
const WARM_UP_ROUNDS = 2
const CALLERS = 64
const REQUESTS_BUSY = 8_000
const REQUESTS_ALONE = 1_500
/** Authentication, tag, issue, ledger and our own encoding, over grpc-js alone. */
const BAR_UNARY_TO_ECHO = 1.35
/** Measured 0.75. A stream that costs as much as HTTP has lost what it is for. */
const BAR_STREAM_TO_HTTP = 1
/**
 * Printed, not checked: over grpc-js a unary call cannot reach it (the bare echo alone is at 1.5 × HTTP),
 * and the stream is at 0.76.
 */
const REQUIRED_LATENCY = 0.7

interface Subject {
  readonly name: string
  readonly server: GrpcListening & { readonly process: ChildProcess }
  readonly transport: Transport
}

interface Measured {
  /** Of the server, per ID, while busy. */
  readonly cpuMicros: number
  /** Median of a single caller, one call after the other. */
  readonly latencyMicros: number
}

const children: ChildProcess[] = []
try {
  const load = start('grpc-load.ts', [])
  const idgen = await startServer('idgen')
  const subjects: Subject[] = [
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
  for (const [i, { name }] of subjects.entries()) {
    const cpu = median(rounds.map((round) => round[i]?.cpuMicros ?? Number.NaN))
    const latency = median(rounds.map((round) => round[i]?.latencyMicros ?? Number.NaN))
    console.log(
      `${name.padEnd(14)} ${cpu.toFixed(1)} µs CPU of the server per ID, latency ${latency.toFixed(0)} µs`,
    )
  }
  const ratio = (of: number, to: number, what: keyof Measured): number =>
    median(rounds.map((round) => (round[of]?.[what] ?? Number.NaN) / (round[to]?.[what] ?? Number.NaN)))
  const [ECHO, UNARY, STREAM, HTTP] = [0, 1, 2, 3] as const
  const toEcho = ratio(UNARY, ECHO, 'cpuMicros')
  const streamToHttp = ratio(STREAM, HTTP, 'cpuMicros')
  console.log(`CPU: unary ${toEcho.toFixed(2)} × echo (bar: ${BAR_UNARY_TO_ECHO})`)
  console.log(`CPU: unary ${ratio(UNARY, HTTP, 'cpuMicros').toFixed(2)} × HTTP`)
  console.log(`CPU: stream ${streamToHttp.toFixed(2)} × HTTP (bar: ${BAR_STREAM_TO_HTTP})`)
  for (const [name, subject] of [
    ['unary', UNARY],
    ['stream', STREAM],
  ] as const) {
    const latency = ratio(subject, HTTP, 'latencyMicros')
    const verdict = latency <= REQUIRED_LATENCY ? 'met' : 'NOT met'
    console.log(
      `latency: ${name} ${latency.toFixed(2)} × HTTP (R-1.4.2 asks ${REQUIRED_LATENCY}: ${verdict})`,
    )
  }
  const holds = toEcho <= BAR_UNARY_TO_ECHO && streamToHttp <= BAR_STREAM_TO_HTTP
  if (process.argv.includes('--check') && !holds) process.exitCode = 1
}

async function measure(load: ChildProcess, { server, transport }: Subject): Promise<Measured> {
  const { port, path, authorization } = server
  const round: GrpcRound = { port, path, authorization, transport, callers: CALLERS, requests: REQUESTS_BUSY }
  const before = await ask<{ cpuMicros: number }>(server.process, {})
  await ask(load, round)
  const after = await ask<{ cpuMicros: number }>(server.process, {})
  const alone = await ask<{ medianMicros: number }>(load, { ...round, callers: 1, requests: REQUESTS_ALONE })
  return {
    cpuMicros: (after.cpuMicros - before.cpuMicros) / REQUESTS_BUSY,
    latencyMicros: alone.medianMicros,
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
