import { BenchProcesses } from './bench-processes.ts'
import { judged, type Row, reportFindings } from './bench-result.ts'
import { type Cost, costBeside, interleavedRounds, roundsText, spreadOf } from './interleaved-rounds.ts'
import { keyCheckRow, respKeyCheck } from './key-check.ts'
import { median } from './median.ts'
import { CONNECTIONS, type RespSubject, redisBenchmark, redisBenchmarkMissing } from './redis-benchmark.ts'
import { redisFloor } from './redis-floor.ts'
import { CHECK, gatedRows } from './regression-gate.ts'
import { RESP_TAGS, type RespListening } from './resp-servers.ts'
import { THREADS, threadedRates } from './resp-threads.ts'

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
const SHORT = process.argv.includes('--short')
const ROUNDS = SHORT ? { warmUp: 1, rounds: 1 } : { warmUp: 1, rounds: 5 }
/** Of the requests: `--check` has four minutes for all benches. */
const SHARE = SHORT ? 0.1 : CHECK ? 0.25 : 1

const missing = await redisBenchmarkMissing()
if (missing !== undefined) {
  console.log(`left out: there is no redis-benchmark (apt-get install redis-server): ${missing}`)
  process.exit(0)
}
const processes = new BenchProcesses()
const floor = await redisFloor()
if (floor === undefined) process.exit(0)
const redis: RespSubject = { pid: floor.process.pid ?? 0, port: floor.port, key: '' }
try {
  const idgen = await startIdgen()
  const checkKeys = await respKeyCheck()
  const rows: Row[] = []
  // Each case by itself, so that a second try repeats one and not all.
  for (const one of CASES) rows.push(...(await gatedRows('resp', () => rowsOf(one, redis, idgen, checkKeys))))
  const threaded = CASES.flatMap(({ pipeline, tags, rate, requests }) =>
    tags === 1 && rate !== undefined
      ? [{ pipeline, rate, requests: Math.round(requests * SHARE * THREADS) }]
      : [],
  )
  // It judges rates alone, and the gate judges processor time.
  if (!CHECK) rows.push(...(await threadedRates(redis, threaded, ROUNDS)))
  reportFindings({
    bench: 'resp',
    versions: { redis: floor.version },
    conditions: [
      `INCR, one ID a command, of segment tags, under redis-benchmark with ${CONNECTIONS} connections over loopback, on the same processors.`,
      "The floor is redis-server's INCR in the same rounds, without persistence.",
      'Key check and all three rate limits (set above the rate) on; stores in memory; one process without threads.',
      `The rows "with ${THREADS} threads": a whole \`idgen serve\` with ${THREADS} protocol threads on its embedded database, and redis-benchmark with ${THREADS} threads for both.`,
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
  redis: RespSubject,
  idgen: RespSubject,
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

function measure({ pipeline, tags, requests: whole }: Case, server: RespSubject): Promise<Cost> {
  const tag = tags === 1 ? (RESP_TAGS[0] ?? '') : 'bench/key/__rand_int__'
  return redisBenchmark(server, { pipeline, requests: Math.round(whole * SHARE), tag, clientThreads: 1 })
}

async function startIdgen(): Promise<RespSubject> {
  const { process: child, listening } = await processes.server<RespListening>('resp-servers.ts')
  return { pid: child.pid ?? 0, port: listening.port, key: listening.key }
}
