import { BenchProcesses } from './bench-processes.ts'
import { judged, reportFindings } from './bench-result.ts'
import type { Listening } from './http-servers.ts'
import { costBeside, interleavedRounds, roundsText } from './interleaved-rounds.ts'
import { CHECK, gatedRows } from './regression-gate.ts'
import { costPerRequest, type ServerLoad } from './server-load.ts'

/**
 * What traces cost: processor time per request of idgen with one of a hundred calls traced and exported, beside the same
 * idgen with no exporter configured, in the same rounds.
 *
 *     node bench/tracing.bench.ts [--short] [--save] [--check]
 */
const BAR_COST = 1.05
/** Two servers that do the same were seen 4 % apart in a round. */
const GATE = 1.1
const SHORT = process.argv.includes('--short')
const ROUNDS = SHORT ? { warmUp: 3, rounds: 5 } : { warmUp: 2, rounds: CHECK ? 5 : 9 }
const LOAD: ServerLoad = { protocol: 'http', connections: 32, pipeline: 1, requests: SHORT ? 10_000 : 20_000 }

const processes = new BenchProcesses()
try {
  const collector = await processes.server<Listening>('http-servers.ts', ['bare'])
  const endpoint = `http://127.0.0.1:${collector.listening.port}/v1/traces`
  const untraced = await processes.server<Listening>('http-servers.ts', ['idgen'])
  const traced = await processes.server<Listening>('http-servers.ts', ['idgen-traced', endpoint])
  const load = processes.start('load-process.ts')
  const subjects = [
    { name: 'untraced', measure: () => costPerRequest(load, untraced, LOAD) },
    { name: 'traced', measure: () => costPerRequest(load, traced, LOAD) },
  ]
  const measure = async () => {
    const [floor = [], ours = []] = await interleavedRounds(subjects, ROUNDS)
    return [
      judged({
        what: 'one ID over HTTP, one call of a hundred traced',
        ...costBeside(ours, { what: 'the same without traces', costs: floor }),
        bar: { of: 'ratio', atMost: BAR_COST },
        gate: GATE,
      }),
    ]
  }
  reportFindings({
    bench: 'tracing',
    conditions: [
      'One ID a request over loopback, 32 keep-alive connections; key check and rate limits on; stores in memory; one thread.',
      'Spans are sent over OTLP to a server in a process of its own that takes anything.',
      `Processor time of the server process; ${roundsText(ROUNDS.rounds)} in which both take turns.`,
    ],
    rows: await gatedRows('tracing', measure),
  })
} finally {
  processes.endAll()
}
