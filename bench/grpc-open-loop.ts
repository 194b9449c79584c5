import type { BenchProcesses } from './bench-processes.ts'
import { figure, type Row } from './bench-result.ts'
import type { Listening } from './http-servers.ts'
import { interleavedRounds } from './interleaved-rounds.ts'
import { median } from './median.ts'
import {
  ALL_QUANTILES,
  type OpenLoopSubject,
  openLoopRounds,
  quantileRow,
  rateRow,
} from './open-loop-rows.ts'
import { apart } from './own-processor.ts'
import { costPerRequest, type ServerLoad } from './server-load.ts'

/** `callers`: requests under way, over gRPC all on one connection. */
export interface GrpcOpenLoop {
  readonly callers: number
  /** The short form only shows that it works. */
  readonly short: boolean
}

/**
 * The rate that gRPC reaches and its latency at a steady rate, beside bare node:http: asked by the engine of `idgen bench`, whose
 * client costs less than Node's library, so that the server's share of the figure is larger.
 */
export async function grpcOpenLoop(
  processes: BenchProcesses,
  { callers, short }: GrpcOpenLoop,
): Promise<{ readonly rows: readonly Row[]; readonly notes: readonly string[] }> {
  const load = processes.start('load-process.ts')
  const idgen = await processes.server<Listening>('http-servers.ts', ['idgen-grpc'])
  const bare: OpenLoopSubject = {
    name: 'bare node:http',
    server: await processes.server<Listening>('http-servers.ts', ['bare']),
    load: { ...COMMON, protocol: 'http', connections: callers, pipeline: 1 },
  }
  const http: OpenLoopSubject = {
    ...bare,
    name: 'idgen HTTP',
    server: await processes.server<Listening>('http-servers.ts', ['idgen']),
  }
  const oneConnection = { ...COMMON, connections: 1, pipeline: callers } as const
  const ours: readonly OpenLoopSubject[] = [
    { name: 'unary', server: idgen, load: { ...oneConnection, protocol: 'grpc' } },
    { name: 'stream', server: idgen, load: { ...oneConnection, protocol: 'grpc-stream' } },
  ]
  const [floor = [], ...costs] = await interleavedRounds(
    [bare, ...ours, http].map(({ name, server, load: asked }) => ({
      name,
      measure: () => costPerRequest(load, server, { ...asked, requests: short ? 5000 : 40_000 }),
    })),
    { warmUp: short ? 1 : 2, rounds: short ? 1 : 11 },
  )
  const [unary = [], stream = []] = costs
  const reached = [floor, ...costs].map((rounds) => median(rounds.map(({ perSecond }) => perSecond)))
  // All are to be asked at one rate, and HTTP ends below the stream.
  const rate = Math.round(Math.min(...reached) / 2)
  const place = await apart(
    [idgen, bare.server, http.server].map(({ process }) => process),
    load,
  )
  const loop = { rate, seconds: short ? 1 : 3, rounds: short ? 1 : 11 }
  const [bareFound, unaryFound, streamFound, httpFound] = await openLoopRounds(
    load,
    [bare, ...ours, http],
    loop,
  )
  if (!(bareFound && unaryFound && streamFound && httpFound)) throw new Error('a subject is missing')
  const of = 'what the slowest of the four reached'
  return {
    rows: [
      rateRow('unary, requests a second', unary, floor),
      rateRow('stream, requests a second', stream, floor),
      ...[unaryFound, streamFound].flatMap((found) => [
        ...ALL_QUANTILES.map((quantile) => quantileRow(quantile, of, { ours: found, floor: bareFound })),
        quantileRow('p50', of, { ours: found, floor: httpFound }),
      ]),
    ],
    notes: [
      `The open loop asked for ${figure(rate)} IDs a second, of all four: half of what the slowest of them reached. ${place}`,
    ],
  }
}

/** Never asleep, as over HTTP: else all would wait for the millisecond of a timer. */
const COMMON = { requests: 0, spin: true } satisfies Partial<ServerLoad>
