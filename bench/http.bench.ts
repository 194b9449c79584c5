import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { type Cost, costRatio } from './cost-ratio.ts'
import type { Listening } from './http-servers.ts'
import type { LoadResult, LoadRound } from './load-process.ts'

/**
 * What a single ID over HTTP costs, as a ratio: processor time per request of idgen (authentication on, stores in
 * memory) over that of a bare node:http server, in the same run. Rounds of the two take turns, so that a busy
 * machine slows both; the median of the rounds' ratios is the result. `--check` fails well above the bar (cost-ratio.ts).
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
    const ratio = await costRatio(
      {
        name,
        floor: { name: 'bare', measure: () => measure(load, bare, sendCount) },
        measureOurs: () => measure(load, idgen, sendCount),
        warmUpRounds: WARM_UP_ROUNDS,
        rounds: ROUNDS,
        digits: 1,
        bar: BAR,
      },
      CHECK,
    )
    console.log(
      `single ID over HTTP ${name}: ${ratio.toFixed(2)} × the processor time of bare node:http (bar: ${BAR})`,
    )
  }
} finally {
  for (const child of children) child.kill()
}

async function measure(load: ChildProcess, server: Server, sendCount: boolean): Promise<Cost> {
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
