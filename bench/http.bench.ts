import { BenchProcesses } from './bench-processes.ts'
import { figure, judged, type Row, reportFindings } from './bench-result.ts'
import type { Listening } from './http-servers.ts'
import { costBeside, interleavedRounds, roundsText } from './interleaved-rounds.ts'
import { keyCheck, keyCheckRow } from './key-check.ts'
import { median } from './median.ts'
import { ALL_QUANTILES, openLoopRounds, quantileRow, rateRow } from './open-loop-rows.ts'
import { apart } from './own-processor.ts'
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

/** The call that most people write: its rate is the one that the latencies are taken at half of. */
const WITH_BODY: ServerLoad = { ...LOAD, sendCount: true }

const processes = new BenchProcesses()
try {
  const bare = await processes.server<Listening>('http-servers.ts', ['bare'])
  const framework = await processes.server<Listening>('http-servers.ts', ['fastify'])
  const idgen = await processes.server<Listening>('http-servers.ts', ['idgen'])
  const load = processes.start('load-process.ts')
  const checkKeys = await keyCheck(CONNECTIONS)
  let reached = 0

  /** The shortest call there is, and the one that most people write. */
  const costs = async (name: string, asked: ServerLoad): Promise<Row[]> => {
    const subjects = [bare, framework, idgen].map((server, i) => ({
      name: ['bare', 'fastify', 'idgen'][i] ?? '',
      measure: () => costPerRequest(load, server, asked),
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

  const latency = async (rate: number): Promise<Row[]> => {
    const subjects = [
      { name: 'bare node:http', server: bare, load: WITH_BODY },
      { name: 'idgen, JSON body', server: idgen, load: WITH_BODY },
    ]
    const loop = { rate, seconds: OPEN_LOOP_SECONDS, rounds: SHORT ? 1 : 11 }
    const [floor, ours] = await openLoopRounds(load, subjects, loop)
    if (floor === undefined || ours === undefined) throw new Error('a subject is missing')
    return ALL_QUANTILES.map((quantile) =>
      quantileRow(quantile, 'the rate that idgen reached', {
        ours,
        floor,
        ...(quantile === 'p99' ? { bar: { of: 'ratio', atMost: BAR_P99 } } : {}),
      }),
    )
  }

  const rows = await gatedRows('http', async () => [
    ...(await costs('no body', LOAD)),
    ...(await costs('JSON body', WITH_BODY)),
  ])
  const half = Math.round(reached / 2)
  const places = CHECK
    ? ''
    : await apart(
        [bare, framework, idgen].map(({ process }) => process),
        load,
      )
  reportFindings({
    bench: 'http',
    conditions: [
      `One ID a request over loopback, ${CONNECTIONS} keep-alive connections, one request under way on each, one tag.`,
      'Key check, all three rate limits (set above the rate), metrics and trace hooks on; stores in memory; one thread.',
      'The load generator is a process of its own on the same processors and never sleeps.',
      `Processor time of the server process; ${roundsText(ROUNDS.rounds)} in which all take turns.`,
      ...(CHECK ? [] : [places]),
    ],
    rows: CHECK ? rows : [...rows, ...(await latency(half))],
    notes: [
      `The latencies are at ${figure(half)} requests a second with a JSON body, for both: half of what idgen reached with it.`,
    ],
  })
} finally {
  processes.endAll()
}
