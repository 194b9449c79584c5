import type { ChildProcess } from 'node:child_process'
import type { BenchServer } from './bench-processes.ts'
import { type Bar, judged, type Row } from './bench-result.ts'
import type { Listening } from './http-servers.ts'
import { type Cost, costBeside, interleavedRounds, type Rounds, spreadOf } from './interleaved-rounds.ts'
import type { LoadResult } from './load-process.ts'
import { median } from './median.ts'
import { runOn, type ServerLoad } from './server-load.ts'

/** A server and how it is asked. */
export interface OpenLoopSubject {
  /** Of the rows; of a floor: what it is called beside them. */
  readonly name: string
  readonly server: BenchServer<Listening>
  readonly load: ServerLoad
}

export interface OpenLoop {
  /** Requests a second, of each subject. */
  readonly rate: number
  /** Of each round: enough that the last thousandth is of some requests. */
  readonly seconds: number
  readonly rounds: number
}

/** What one subject's rounds gave. */
export interface OpenLoopFound {
  readonly name: string
  readonly results: readonly LoadResult[]
}

/**
 * Latencies at one rate, whatever the answers do, of subjects that take turns; in their order.
 * @throws when requests found no connection in time: of such a moment there is no latency, so all figures would look better
 */
export async function openLoopRounds(
  load: ChildProcess,
  subjects: readonly OpenLoopSubject[],
  loop: OpenLoop,
): Promise<readonly OpenLoopFound[]> {
  const all = subjects.map((subject) => ({
    name: subject.name,
    measure: () => openLoop(load, subject, loop),
  }))
  const rounds: Rounds<LoadResult> = await interleavedRounds(all, { warmUp: 1, rounds: loop.rounds })
  return subjects.map(({ name }, i) => ({ name, results: rounds[i] ?? [] }))
}

const QUANTILES = { p50: 'medianMicros', p99: 'p99Micros', 'p99.9': 'p999Micros' } as const
export type Quantile = keyof typeof QUANTILES
export const ALL_QUANTILES = ['p50', 'p99', 'p99.9'] as const satisfies readonly Quantile[]

/** One quantile beside that of the floor in the same rounds; `of`: half of which rate it is. */
export function quantileRow(
  quantile: Quantile,
  of: string,
  { ours, floor, bar }: { readonly ours: OpenLoopFound; readonly floor: OpenLoopFound; readonly bar?: Bar },
): Row {
  const costs = ({ results }: OpenLoopFound): Cost[] =>
    results.map((result) => ({
      micros: result[QUANTILES[quantile]],
      perSecond: (result.answers / result.ms) * 1000,
    }))
  return judged({
    what: `${ours.name}, ${quantile} of an open loop at half of ${of}, beside ${floor.name}`,
    ...costBeside(costs(ours), { what: floor.name, costs: costs(floor) }),
    ...(bar && { bar }),
  })
}

async function openLoop(
  load: ChildProcess,
  { name, server, load: asked }: OpenLoopSubject,
  { rate, seconds }: OpenLoop,
): Promise<LoadResult> {
  const requests = Math.ceil(rate * seconds)
  const result = await runOn(load, server, { ...asked, rate, requests })
  if (result.notSent > 0)
    throw new Error(`${name}: ${result.notSent} of ${requests} requests found no connection in time`)
  return result
}

/** What a server reached when it was always asked for more. */
export function rateRow(what: string, ours: readonly Cost[], floor: readonly Cost[]): Row {
  const rates = ours.map(({ perSecond }) => perSecond)
  return {
    what,
    value: median(rates),
    unit: '/s',
    spread: spreadOf(rates),
    floor: { what: 'bare node:http', value: median(floor.map(({ perSecond }) => perSecond)) },
  }
}
