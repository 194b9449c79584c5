import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Listening } from './http-servers.ts'
import type { LoadResult, LoadRound } from './load-process.ts'

/**
 * What a single ID over HTTP costs, as a ratio: processor time per request of idgen (authentication on, stores in
 * memory) over that of a bare node:http server, in the same run. Rounds of the two take turns, so that a busy
 * machine slows both; the median of the rounds' ratios is the result. `--check` fails above the bar.
 *
 *     [load process] ──32 keep-alive connections──▶ [bare server] | [idgen server]     (a process each)
 */
const BAR = 1.25
const CONNECTIONS = 32
const REQUESTS_PER_ROUND = 20_000
const WARM_UP_ROUNDS = 2
const ROUNDS = 9
const CHECK = process.argv.includes('--check')

interface Server extends Listening {
  readonly process: ChildProcess
}

/** The shortest call there is, and the one that most people write. */
const CASES = { 'without a body': false, 'with a JSON body': true }

const children: ChildProcess[] = []
try {
  const bare = await startServer('bare')
  const idgen = await startServer('idgen')
  const load = start('load-process.ts', [])
  for (const [name, sendCount] of Object.entries(CASES)) {
    let ratio = median(await ratios(name, sendCount, load, bare, idgen))
    // What else the machine does can only add to it: above the bar it is measured twice more.
    for (let again = 0; CHECK && again < 2 && !(ratio <= BAR); again += 1)
      ratio = Math.min(ratio, median(await ratios(name, sendCount, load, bare, idgen)))
    console.log(
      `single ID over HTTP ${name}: ${ratio.toFixed(2)} × the processor time of bare node:http (bar: ${BAR})`,
    )
    if (CHECK && !(ratio <= BAR)) process.exitCode = 1
  }
} finally {
  for (const child of children) child.kill()
}

async function ratios(
  name: string,
  sendCount: boolean,
  load: ChildProcess,
  bare: Server,
  idgen: Server,
): Promise<number[]> {
  const found: number[] = []
  for (let round = -WARM_UP_ROUNDS; round < ROUNDS; round += 1) {
    const floor = await measure(load, bare, sendCount)
    const ours = await measure(load, idgen, sendCount)
    if (round < 0) continue
    found.push(ours.micros / floor.micros)
    console.log(`${name}, round ${round + 1}: bare ${show(floor)}, idgen ${show(ours)}`)
  }
  return found
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}

interface Measured {
  readonly micros: number
  readonly perSecond: number
}

function show({ micros, perSecond }: Measured): string {
  return `${micros.toFixed(1)} µs (${Math.round(perSecond)}/s)`
}

async function measure(load: ChildProcess, server: Server, sendCount: boolean): Promise<Measured> {
  const { port, tag, key } = server
  const round: LoadRound = {
    port,
    tag,
    key,
    protocol: 'http',
    sendCount,
    connections: CONNECTIONS,
    pipeline: 1,
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
