import { type ChildProcess, execFile, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Redis } from 'ioredis'
import { type Cost, costRatio } from './cost-ratio.ts'
import { RESP_TAGS, type RespListening } from './resp-servers.ts'

/**
 * What a single ID over the Redis protocol costs (INCR of a segment tag, one ID a command), as a ratio: processor time
 * per command of idgen (authentication on, stores in memory, one process, no threads) over that of redis-server's INCR
 * in the same run. Rounds of the two take turns under the same redis-benchmark; the median of the rounds' ratios is the
 * result. `--check` fails well above the bars (cost-ratio.ts). Rates are not judged: client and server share the processors.
 *
 *     [redis-benchmark] ──50 connections, loopback──▶ [redis-server] | [idgen]     (a process each)
 */
interface Case {
  readonly pipeline: number
  readonly tags: 1 | 100
  readonly bar: number
  readonly requests: number
}

const CASES: readonly Case[] = [
  { pipeline: 1, tags: 1, bar: 1.35, requests: 20_000 },
  { pipeline: 16, tags: 1, bar: 0.9, requests: 200_000 },
  { pipeline: 64, tags: 1, bar: 0.7, requests: 600_000 },
  { pipeline: 256, tags: 1, bar: 0.5, requests: 1_000_000 },
  { pipeline: 16, tags: 100, bar: 1, requests: 200_000 },
  { pipeline: 64, tags: 100, bar: 1, requests: 600_000 },
  { pipeline: 256, tags: 100, bar: 1, requests: 1_000_000 },
]
const WARM_UP_ROUNDS = 1
const ROUNDS = process.argv.includes('--short') ? 1 : 5
const CHECK = process.argv.includes('--check')
const run = promisify(execFile)
/** Of /proc/…/stat. */
const TICK_MICROS = 10_000

interface Server {
  readonly process: ChildProcess
  readonly port: number
  readonly key: string
}

const missing = await run('redis-benchmark', ['--version']).then(
  () => undefined,
  (error: unknown) => (error instanceof Error ? error.message : 'it does not start'),
)
if (missing !== undefined) {
  console.log(`left out: there is no redis-benchmark (apt-get install redis-server): ${missing}`)
  process.exit(0)
}
const folder = mkdtempSync(join(tmpdir(), 'idgen-bench-redis-'))
const children: ChildProcess[] = []
try {
  const redis = await startRedis()
  const idgen = await startIdgen()
  for (const one of CASES) {
    const ratio = await costRatio(
      {
        name: nameOf(one),
        floor: { name: 'redis', measure: () => measure(one, redis) },
        measureOurs: () => measure(one, idgen),
        warmUpRounds: WARM_UP_ROUNDS,
        rounds: ROUNDS,
        digits: 3,
        bar: one.bar,
      },
      CHECK,
    )
    console.log(
      `${nameOf(one)}: ${ratio.toFixed(2)} × the processor time of redis-server (bar: ${one.bar.toFixed(2)})`,
    )
  }
} finally {
  for (const child of children) child.kill()
  rmSync(folder, { recursive: true, force: true })
}

function nameOf({ pipeline, tags }: Case): string {
  return `INCR, pipeline ${pipeline}, ${tags === 1 ? '1 tag' : `${tags} tags`}`
}

async function measure({ pipeline, tags, requests }: Case, server: Server): Promise<Cost> {
  const before = await cpuMicros(server)
  const words = ['-p', String(server.port), '-c', '50', '-q', '-n', String(requests), '-P', String(pipeline)]
  const auth = server.key === '' ? [] : ['-a', server.key]
  // It replaces __rand_int__ by twelve digits below r.
  const command = tags === 1 ? ['INCR', RESP_TAGS[0] ?? ''] : ['-r', '100', 'INCR', 'bench/key/__rand_int__']
  const { stdout } = await run('redis-benchmark', [...words, ...auth, ...command])
  const perSecond = Number(/([\d.]+) requests per second/.exec(stdout)?.[1])
  if (!(perSecond > 0)) throw new Error(`redis-benchmark measured nothing: ${stdout.slice(-300)}`)
  return { micros: ((await cpuMicros(server)) - before) / requests, perSecond }
}

async function startIdgen(): Promise<Server> {
  const child = fork(join(import.meta.dirname, 'resp-servers.ts'))
  children.push(child)
  const [{ port, key }] = (await once(child, 'message')) as [RespListening]
  return { process: child, port, key }
}

async function startRedis(): Promise<Server> {
  const port = await freePort()
  const settings = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder]
  const child = spawn('redis-server', [...settings, '--save', '', '--appendonly', 'no'], { stdio: 'ignore' })
  children.push(child)
  const redis = new Redis({ port, retryStrategy: (times) => (times < 100 ? 50 : null) })
  redis.on('error', () => undefined)
  await redis.ping()
  redis.disconnect()
  return { process: child, port, key: '' }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  server.close()
  await once(server, 'close')
  return port
}

/** Of ours from the process itself; of redis-server from the kernel, in ticks of 10 ms. */
async function cpuMicros({ process: child, key }: Server): Promise<number> {
  if (key === '') {
    const fields = (await readFile(`/proc/${child.pid}/stat`, 'utf8')).split(') ')[1]?.split(' ') ?? []
    return (Number(fields[11]) + Number(fields[12])) * TICK_MICROS
  }
  child.send({})
  const [answer] = (await once(child, 'message')) as [{ cpuMicros: number }]
  return answer.cpuMicros
}
