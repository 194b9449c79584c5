import { BenchProcesses } from './bench-processes.ts'
import { judged, reportFindings } from './bench-result.ts'
import type { Listening } from './http-servers.ts'
import { costBeside, interleavedRounds, roundsText, type Subject } from './interleaved-rounds.ts'
import { CHECK, gatedRows } from './regression-gate.ts'
import { costPerRequest, type ServerLoad } from './server-load.ts'

/**
 * What traces cost: processor time per request of idgen with one of a hundred calls traced and exported, beside the same
 * idgen with no exporter configured, in the same rounds.
 *
 *     node bench/tracing.bench.ts [--short] [--save] [--check]
 */
const BAR_COST = 1.05
/** Two processes that do the same were seen a tenth apart, and 1.18 was seen while a test run used the machine. */
const GATE = 1.35
const SHORT = process.argv.includes('--short')
const ROUNDS = SHORT ? { warmUp: 3, rounds: 5 } : CHECK ? { warmUp: 4, rounds: 5 } : { warmUp: 3, rounds: 9 }
/**
 * Of each server. What V8 makes of the code is decided anew in each process: two that do the same were seen a tenth apart for
 * as long as they ran, and no number of rounds tells that from what traces cost.
 */
const PROCESSES = SHORT ? 1 : CHECK ? 2 : 4
const LOAD: ServerLoad = {
  protocol: 'http',
  connections: 32,
  pipeline: 1,
  requests: SHORT || CHECK ? 10_000 : 20_000,
}

const processes = new BenchProcesses()
try {
  const collector = await processes.server<Listening>('http-servers.ts', ['bare'])
  const endpoint = `http://127.0.0.1:${collector.listening.port}/v1/traces`
  const load = processes.start('load-process.ts')
  const subjectOf = async (name: string, ...argv: string[]): Promise<Subject> => {
    const server = await processes.server<Listening>('http-servers.ts', argv)
    return { name, measure: () => costPerRequest(load, server, LOAD) }
  }
  const subjects: Subject[] = []
  // Each beside one without traces, in turn.
  for (let i = 0; i < PROCESSES; i += 1)
    subjects.push(await subjectOf('untraced', 'idgen'), await subjectOf('traced', 'idgen-traced', endpoint))
  const measure = async () => {
    const rounds = await interleavedRounds(subjects, ROUNDS)
    const of = (name: string) => rounds.flatMap((costs, i) => (subjects[i]?.name === name ? costs : []))
    const floor = of('untraced')
    const ours = of('traced')
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
      `Processor time of the server process; ${roundsText(ROUNDS.rounds * PROCESSES)} in which both take turns, ${PROCESSES} processes of each.`,
    ],
    rows: await gatedRows('tracing', measure),
  })
} finally {
  processes.endAll()
}
