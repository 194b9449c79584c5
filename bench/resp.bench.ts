import { type ChildProcess, execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { BenchProcesses } from './bench-processes.ts'
import { judged, type Row, reportFindings } from './bench-result.ts'
import { type Cost, costBeside, interleavedRounds, roundsText, spreadOf } from './interleaved-rounds.ts'
import { keyCheckRow, respKeyCheck } from './key-check.ts'
import { median } from './median.ts'
import { redisFloor } from './redis-floor.ts'
import { CHECK, gatedRows } from './regression-gate.ts'
import { RESP_TAGS, type RespListening } from './resp-servers.ts'
import { processMicros } from './thread-times.ts'

/**
 * What a single ID over the Redis protocol costs (INCR of a segment tag, one ID a command), as a ratio: processor time
 * per command of idgen (authentication on, stores in memory, one process, no threads) over that of redis-server's INCR
 * in the same run. Rounds of the two take turns under the same redis-benchmark; the median of the rounds' ratios is the
 * result. The rates of one tag are judged as they are, with one thread: client and server share the processors.
 *
 *     node bench/resp.bench.ts [--short] [--save] [--check]
 *
 *     [redis-benchmark] ──50 connections, loopback──▶ [redis-server] | [idgen]     (a process each)
 */
interface Case {
  readonly pipeline: number
  readonly tags: 1 | 100
  readonly bar: number
  /** Commands a second, at least. */
  readonly rate?: number
  readonly requests: number
}

/** A second or so each: what is shorter measures the compilers and the start of the clients as well. */
const CASES: readonly Case[] = [
  { pipeline: 1, tags: 1, bar: 1.35, requests: 80_000 },
  { pipeline: 16, tags: 1, bar: 0.9, rate: 1_000_000, requests: 800_000 },
  { pipeline: 64, tags: 1, bar: 0.7, rate: 2_500_000, requests: 1_200_000 },
  { pipeline: 256, tags: 1, bar: 0.5, rate: 5_000_000, requests: 2_000_000 },
  { pipeline: 16, tags: 100, bar: 1, requests: 800_000 },
  { pipeline: 64, tags: 100, bar: 1, requests: 1_200_000 },
  { pipeline: 256, tags: 100, bar: 1, requests: 2_000_000 },
]
/** --check asks a quarter of the commands, so the code is colder: pipeline 1 was seen at 1.3 of the ratio of a whole run. */
const GATE = 1.5
const CONNECTIONS = 50
const SHORT = process.argv.includes('--short')
const ROUNDS = SHORT ? { warmUp: 1, rounds: 1 } : { warmUp: 1, rounds: 5 }
/** Of the requests: `--check` has four minutes for all benches. */
const SHARE = SHORT ? 0.1 : CHECK ? 0.25 : 1
const run = promisify(execFile)

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
const processes = new BenchProcesses()
const floor = await redisFloor()
if (floor === undefined) process.exit(0)
const redis: Server = { process: floor.process, port: floor.port, key: '' }
try {
  const idgen = await startIdgen()
  const checkKeys = await respKeyCheck()
  const rows: Row[] = []
  // Each case by itself, so that a second try repeats one and not all.
  for (const one of CASES) rows.push(...(await gatedRows('resp', () => rowsOf(one, redis, idgen, checkKeys))))
  reportFindings({
    bench: 'resp',
    versions: { redis: floor.version },
    conditions: [
      `INCR, one ID a command, of segment tags, under redis-benchmark with ${CONNECTIONS} connections over loopback, on the same processors.`,
      "The floor is redis-server's INCR in the same rounds, without persistence.",
      'Key check and all three rate limits (set above the rate) on; stores in memory; one process without threads.',
      `Processor time of the server per command; ${roundsText(ROUNDS.rounds)} in which both take turns. The rates beside it are those of the same rounds: client and server share the processors.`,
    ],
    rows,
  })
} finally {
  processes.endAll()
  await floor.end()
}

async function rowsOf(
  one: Case,
  redis: Server,
  idgen: Server,
  checkKeys: () => Promise<Cost>,
): Promise<Row[]> {
  const [floor = [], ours = [], checks = []] = await interleavedRounds(
    [
      { name: 'redis-server', measure: () => measure(one, redis) },
      { name: 'idgen', measure: () => measure(one, idgen) },
      ...(one.pipeline === 1 ? [{ name: 'key check', measure: checkKeys }] : []),
    ],
    ROUNDS,
  )
  const rates = ours.map(({ perSecond }) => perSecond)
  return [
    judged({
      what: nameOf(one),
      ...costBeside(ours, { what: 'redis-server', costs: floor }),
      bar: { of: 'ratio', atMost: one.bar },
      gate: GATE,
    }),
    judged({
      what: `commands a second, ${nameOf(one)}`,
      value: median(rates),
      unit: '/s',
      spread: spreadOf(rates),
      floor: { what: 'redis-server', value: median(floor.map(({ perSecond }) => perSecond)) },
      ...(one.rate !== undefined && { bar: { of: 'value', atLeast: one.rate } }),
    }),
    // Commands that come together are checked once; one that comes alone pays for it alone.
    ...(checks.length === 0
      ? []
      : [keyCheckRow(`a whole command, ${nameOf(one)}`, checks, { what: 'idgen', costs: ours })]),
  ]
}

function nameOf({ pipeline, tags }: Case): string {
  return `pipeline ${pipeline}, ${tags === 1 ? '1 tag' : `${tags} tags`}`
}

async function measure({ pipeline, tags, requests: whole }: Case, server: Server): Promise<Cost> {
  const requests = Math.round(whole * SHARE)
  const before = await processMicros(server.process.pid ?? 0)
  const words = [
    '-p',
    String(server.port),
    '-c',
    String(CONNECTIONS),
    '-q',
    '-n',
    String(requests),
    '-P',
    String(pipeline),
  ]
  const auth = server.key === '' ? [] : ['-a', server.key]
  // It replaces __rand_int__ by twelve digits below r.
  const command = tags === 1 ? ['INCR', RESP_TAGS[0] ?? ''] : ['-r', '100', 'INCR', 'bench/key/__rand_int__']
  const { stdout } = await run('redis-benchmark', [...words, ...auth, ...command])
  const perSecond = Number(/([\d.]+) requests per second/.exec(stdout)?.[1])
  if (!(perSecond > 0)) throw new Error(`redis-benchmark measured nothing: ${stdout.slice(-300)}`)
  return { micros: ((await processMicros(server.process.pid ?? 0)) - before) / requests, perSecond }
}

async function startIdgen(): Promise<Server> {
  const { process: child, listening } = await processes.server<RespListening>('resp-servers.ts')
  return { process: child, port: listening.port, key: listening.key }
}
