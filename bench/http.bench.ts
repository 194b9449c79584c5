import { BenchProcesses } from './bench-processes.ts'
import { figure, judged, type Row, reportFindings } from './bench-result.ts'
import type { Listening } from './http-servers.ts'
import { costBeside, interleavedRounds, roundsText } from './interleaved-rounds.ts'
import { keyCheck, keyCheckRow } from './key-check.ts'
import { median } from './median.ts'
import { openLoopRows, rateRow } from './open-loop-rows.ts'
import { CHECK, gatedRows } from './regression-gate.ts'
import { costPerRequest, type ServerLoad } from './server-load.ts'

/**
 * What a single ID over HTTP costs: processor time per request of idgen (key check, limits, metrics and trace hooks on;
 * stores in memory) beside a bare node:http server and plain fastify with constant answers, in the same rounds; and the
 * latency of both at half of the rate that idgen reached.
 *
 *     [load process] ──32 keep-alive connections──▶ [node:http] | [fastify] | [idgen]     (a process each)
 *
 *     node bench/http.bench.ts [--short] [--save] [--check]
 */
const BAR_COST = 1.25
const BAR_P99 = 2
/** Ratios were seen at 1.1 of the saved one, and at 1.2 while others used the machine. */
const GATE = 1.35
const CONNECTIONS = 32
const SHORT = process.argv.includes('--short')
const ROUNDS = SHORT ? { warmUp: 1, rounds: 1 } : { warmUp: 2, rounds: CHECK ? 5 : 31 }
const REQUESTS = SHORT ? 5000 : 20_000
/** Enough that the last thousandth is of some twenty requests. */
const OPEN_LOOP_SECONDS = SHORT ? 1 : 3

const LOAD: ServerLoad = {
  protocol: 'http',
  connections: CONNECTIONS,
  pipeline: 1,
  requests: REQUESTS,
}

const processes = new BenchProcesses()
try {
  const bare = await processes.server<Listening>('http-servers.ts', ['bare'])
  const framework = await processes.server<Listening>('http-servers.ts', ['fastify'])
  const idgen = await processes.server<Listening>('http-servers.ts', ['idgen'])
  const load = processes.start('load-process.ts')
  const checkKeys = await keyCheck(CONNECTIONS)
  let reached = 0

  /** The shortest call there is, and the one that most people write. */
  const costs = async (name: string, sendCount: boolean): Promise<Row[]> => {
    const subjects = [bare, framework, idgen].map((server, i) => ({
      name: ['bare', 'fastify', 'idgen'][i] ?? '',
      measure: () => costPerRequest(load, server, { ...LOAD, sendCount }),
    }))
    subjects.push({ name: 'key check', measure: checkKeys })
    const [floor = [], plain = [], ours = [], checks = []] = await interleavedRounds(subjects, ROUNDS)
    reached = median(ours.map(({ perSecond }) => perSecond))
    const what = { what: 'bare node:http', costs: floor }
    return [
      judged({
        what: `idgen, ${name}`,
        ...costBeside(ours, what),
        bar: { of: 'ratio', atMost: BAR_COST },
        gate: GATE,
      }),
      { what: `plain fastify, ${name}`, ...costBeside(plain, what) },
      rateRow(`requests a second, ${name}`, ours, floor),
      keyCheckRow(`a whole request, ${name}`, checks, { what: 'idgen', costs: ours }),
    ]
  }

  const latency = (rate: number): Promise<Row[]> =>
    openLoopRows(
      load,
      { name: 'bare node:http', server: bare, load: LOAD },
      [{ name: '', server: idgen, load: LOAD }],
      {
        rate,
        of: 'the rate that idgen reached',
        seconds: OPEN_LOOP_SECONDS,
        rounds: SHORT ? 1 : 11,
        p99AtMost: BAR_P99,
      },
    )

  const rows = await gatedRows('http', async () => [
    ...(await costs('no body', false)),
    ...(await costs('JSON body', true)),
  ])
  const half = Math.round(reached / 2)
  reportFindings({
    bench: 'http',
    conditions: [
      `One ID a request over loopback, ${CONNECTIONS} keep-alive connections, one request under way on each, one tag.`,
      'Key check, all three rate limits (set above the rate), metrics and trace hooks on; stores in memory; one thread.',
      'The load generator is a process of its own on the same processors and never sleeps.',
      `Processor time of the server process; ${roundsText(ROUNDS.rounds)} in which all take turns.`,
    ],
    rows: CHECK ? rows : [...rows, ...(await latency(half))],
    notes: [`Half of the rate was ${figure(half)} requests a second, for both.`],
  })
} finally {
  processes.endAll()
}
