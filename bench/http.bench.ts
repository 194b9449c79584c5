import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { LoadResult, LoadRound } from './http-load.ts'
import type { Listening } from './http-servers.ts'

/**
 * What a single ID over HTTP costs, as a ratio: processor time per request of idgen (authentication on, stores in
 * memory) over that of a bare node:http server, in the same run. Rounds of the two take turns, so that a busy
 * machine slows both; the median of the rounds' ratios is the result. `--check` fails above the bar of issue 1.
 *
 *     [load process] ──32 keep-alive connections──▶ [bare server] | [idgen server]     (a process each)
 */
const BAR = 1.6
const CONNECTIONS = 32
const REQUESTS_PER_ROUND = 20_000
const WARM_UP_ROUNDS = 2
const ROUNDS = 9

interface Server extends Listening {
  readonly process: ChildProcess
}

const children: ChildProcess[] = []
try {
  const bare = await startServer('bare')
  const idgen = await startServer('idgen')
  const load = start('http-load.ts', [])
  const ratios: number[] = []
  for (let round = -WARM_UP_ROUNDS; round < ROUNDS; round += 1) {
    const floor = await measure(load, bare)
    const ours = await measure(load, idgen)
    if (round < 0) continue
    ratios.push(ours.micros / floor.micros)
    console.log(
      `round ${round + 1}: bare ${show(floor)}, idgen ${show(ours)}, ratio ${(ours.micros / floor.micros).toFixed(2)}`,
    )
  }
  const median = ratios.sort((a, b) => a - b)[Math.floor(ratios.length / 2)] ?? Number.NaN
  console.log(
    `single ID over HTTP, processor time per request: ${median.toFixed(2)} × bare node:http (bar: ${BAR})`,
  )
  if (process.argv.includes('--check') && !(median <= BAR)) process.exitCode = 1
} finally {
  for (const child of children) child.kill()
}

interface Measured {
  readonly micros: number
  readonly perSecond: number
}

function show({ micros, perSecond }: Measured): string {
  return `${micros.toFixed(1)} µs (${Math.round(perSecond)}/s)`
}

async function measure(load: ChildProcess, server: Server): Promise<Measured> {
  const { port, path, authorization } = server
  const round: LoadRound = {
    port,
    path,
    authorization,
    connections: CONNECTIONS,
    requests: REQUESTS_PER_ROUND,
  }
  const before = await ask<{ cpuMicros: number }>(server.process, {})
  const result = await ask<LoadResult | { error: string }>(load, round)
  const after = await ask<{ cpuMicros: number }>(server.process, {})
  if ('error' in result) throw new Error(result.error)
  return {
    micros: (after.cpuMicros - before.cpuMicros) / result.answers,
    perSecond: (result.answers / result.ms) * 1000,
  }
}

async function startServer(kind: 'bare' | 'idgen'): Promise<Server> {
  const child = start('http-servers.ts', [kind])
  const [listening] = (await once(child, 'message')) as [Listening]
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
  const [answer] = (await once(child, 'message')) as [T]
  return answer
}
