import type { LoadPlan } from '../service/load/load-plan.ts'
import { BenchProcesses, type BenchServer } from './bench-processes.ts'
import { judged, type Row, reportFindings } from './bench-result.ts'
import { BATCH, type Listening } from './http-servers.ts'
import { type Cost, costBeside, interleavedRounds, roundsText, spreadOf } from './interleaved-rounds.ts'
import { median } from './median.ts'
import { gatedRows } from './regression-gate.ts'
import { costPerRequest, type ServerLoad } from './server-load.ts'

/**
 * Many IDs a request. Written out, every ID is on the wire and counts; a run is one pair of numbers however long it is, so
 * runs are counted as messages. The floor is a bare node:http server that writes a constant body of the same size.
 *
 *     [load process] ──8 connections × 4 under way──▶ [node:http] | [idgen HTTP] | [idgen gRPC]     (a process each)
 *
 *     node bench/batch.bench.ts [--short] [--save] [--check]
 */
interface Case {
  readonly name: string
  readonly on: 'http' | 'grpc'
  readonly floor: 'batch' | 'numbers' | 'single'
  readonly protocol: ServerLoad['protocol']
  readonly form: LoadPlan['form']
  /** Of millions of IDs a second written out, of messages a second as runs. */
  readonly bar?: number
}

const CASES: readonly Case[] = [
  { name: 'HTTP, text', on: 'http', floor: 'batch', protocol: 'http', form: 'text', bar: 10 },
  { name: 'gRPC unary, text', on: 'grpc', floor: 'batch', protocol: 'grpc', form: 'text' },
  { name: 'gRPC stream, text', on: 'grpc', floor: 'batch', protocol: 'grpc-stream', form: 'text' },
  {
    name: 'gRPC unary, numbers',
    on: 'grpc',
    floor: 'numbers',
    protocol: 'grpc',
    form: 'numbers',
    bar: 10,
  },
  {
    name: 'gRPC stream, numbers',
    on: 'grpc',
    floor: 'numbers',
    protocol: 'grpc-stream',
    form: 'numbers',
    bar: 16,
  },
  { name: 'HTTP, runs', on: 'http', floor: 'single', protocol: 'http', form: 'runs', bar: 22_000 },
  { name: 'gRPC unary, runs', on: 'grpc', floor: 'single', protocol: 'grpc', form: 'runs' },
  {
    name: 'gRPC stream, runs',
    on: 'grpc',
    floor: 'single',
    protocol: 'grpc-stream',
    form: 'runs',
    bar: 30_000,
  },
]
/** Messages of kilobytes go through caches that a neighbour fills: ratios were seen at 1.25 of the saved one. */
const GATE = 1.5
const SHORT = process.argv.includes('--short')
const ROUNDS = SHORT ? { warmUp: 1, rounds: 1 } : { warmUp: 2, rounds: 5 }
const REQUESTS = SHORT
  ? { text: 300, numbers: 1000, runs: 3000 }
  : { text: 2000, numbers: 10_000, runs: 20_000 }
const [CONNECTIONS, PIPELINE] = [8, 4]

const processes = new BenchProcesses()
try {
  const start = (kind: string): Promise<BenchServer<Listening>> =>
    processes.server<Listening>('http-servers.ts', [kind])
  const servers = { http: await start('idgen'), grpc: await start('idgen-grpc') }
  const floors = {
    batch: await start('bare-batch'),
    numbers: await start('bare-numbers'),
    single: await start('bare'),
  }
  const load = processes.start('load-process.ts')

  const rowsOf = async (one: Case): Promise<Row[]> => {
    const shape = { connections: CONNECTIONS, pipeline: PIPELINE, requests: REQUESTS[one.form] }
    const asked: ServerLoad = { ...shape, protocol: one.protocol, batch: BATCH, form: one.form }
    const bare: ServerLoad = { ...shape, protocol: 'http', batch: one.floor === 'single' ? 1 : BATCH }
    const [floor = [], ours = []] = await interleavedRounds(
      [
        {
          name: 'bare',
          measure: () => costPerRequest(load, floors[one.floor], bare),
        },
        { name: one.name, measure: () => costPerRequest(load, servers[one.on], asked) },
      ],
      ROUNDS,
    )
    const what = one.floor === 'single' ? 'bare node:http, one ID' : 'bare node:http, as many bytes'
    const cost = costBeside(ours, { what, costs: floor })
    return [
      { what: `${one.name}, a request`, ...cost, gate: GATE },
      rateRow(one, ours, { what, costs: floor }),
    ]
  }

  const rows: Row[] = []
  for (const one of CASES) rows.push(...(await gatedRows('batch', () => rowsOf(one))))
  reportFindings({
    bench: 'batch',
    conditions: [
      `${BATCH} IDs of a segment tag a request, ${CONNECTIONS} connections over loopback with ${PIPELINE} requests under way on each.`,
      'Key check, rate limits and metrics on; stores in memory; one process, one thread.',
      'The load generator reads every ID, in a process of its own on the same processors.',
      `Processor time of the server process per request; ${roundsText(ROUNDS.rounds)} in which floor and idgen take turns.`,
    ],
    rows,
    notes: ['Numbers are ID_FORMAT_NUMBERS, eight bytes each, which the load generator reads one by one.'],
  })
} finally {
  processes.endAll()
}

/** Beside what the floor writes in the same time: as many bytes, or of runs one message each. */
function rateRow(
  { name, form, bar }: Case,
  ours: readonly Cost[],
  floor: { readonly what: string; readonly costs: readonly Cost[] },
): Row {
  const per = form === 'runs' ? 1 : BATCH / 1e6
  const ratesOf = (costs: readonly Cost[]): number[] => costs.map(({ perSecond }) => perSecond * per)
  const rates = ratesOf(ours)
  return judged({
    what: form === 'runs' ? `${name}, messages a second` : `${name}, IDs written out a second`,
    value: median(rates),
    unit: form === 'runs' ? '/s' : 'M/s',
    spread: spreadOf(rates),
    floor: { what: floor.what, value: median(ratesOf(floor.costs)) },
    ...(bar === undefined ? {} : { bar: { of: 'value', atLeast: bar } }),
  })
}
