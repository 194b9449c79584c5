import type { ChildProcess } from 'node:child_process'
import type { BenchServer } from './bench-processes.ts'
import { judged, type Row } from './bench-result.ts'
import type { Listening } from './http-servers.ts'
import { type Cost, costBeside, interleavedRounds, spreadOf } from './interleaved-rounds.ts'
import type { LoadResult } from './load-process.ts'
import { median } from './median.ts'
import { runOn, type ServerLoad } from './server-load.ts'

/** A server and how it is asked. */
export interface OpenLoopSubject {
  /** Of the rows; of the floor: what it is called beside them. */
  readonly name: string
  readonly server: BenchServer<Listening>
  readonly load: ServerLoad
}

export interface OpenLoop {
  /** Requests a second, of each subject. */
  readonly rate: number
  /** Half of which it is. */
  readonly of: string
  /** Of each round: enough that the last thousandth is of some requests. */
  readonly seconds: number
  readonly rounds: number
  /** The most that p99 may be, times the floor. */
  readonly p99AtMost?: number
}

/**
 * Latency at one rate, whatever the answers do: p50, p99 and p99.9 of each subject beside the floor in the same rounds.
 * @throws when requests found no connection in time: of such a moment there is no latency, so all figures would look better
 */
export async function openLoopRows(
  load: ChildProcess,
  floor: OpenLoopSubject,
  subjects: readonly OpenLoopSubject[],
  loop: OpenLoop,
): Promise<Row[]> {
  const all = [floor, ...subjects].map((subject) => ({
    name: subject.name,
    measure: () => openLoop(load, subject, loop),
  }))
  const [bare = [], ...ours] = await interleavedRounds(all, { warmUp: 1, rounds: loop.rounds })
  return subjects.flatMap(({ name }, i) =>
    QUANTILES.map(([quantile, of]) => {
      const costs = (results: readonly LoadResult[] = []): Cost[] =>
        results.map((result) => ({ micros: result[of], perSecond: loop.rate }))
      return judged({
        what: `${name === '' ? '' : `${name}, `}${quantile} of an open loop at half of ${loop.of}`,
        ...costBeside(costs(ours[i]), { what: floor.name, costs: costs(bare) }),
        ...(quantile === 'p99' && loop.p99AtMost !== undefined
          ? { bar: { of: 'ratio', atMost: loop.p99AtMost } as const }
          : {}),
      })
    }),
  )
}

const QUANTILES = [
  ['p50', 'medianMicros'],
  ['p99', 'p99Micros'],
  ['p99.9', 'p999Micros'],
] as const

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
