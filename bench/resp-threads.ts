import { judged, type Row } from './bench-result.ts'
import { costBeside, interleavedRounds, spreadOf } from './interleaved-rounds.ts'
import { median } from './median.ts'
import { type RespSubject, redisBenchmark } from './redis-benchmark.ts'
import { serveIdgen } from './serving-idgen.ts'

export interface ThreadedCase {
  readonly pipeline: number
  readonly requests: number
  /** Commands a second, at least. */
  readonly rate: number
}

/** Protocol threads of the process: one for each processor here. */
export const THREADS = 2

/** What one whole `idgen serve` answers, with threads and its embedded database, beside redis-server in the same rounds. */
export async function threadedRates(
  redis: RespSubject,
  cases: readonly ThreadedCase[],
  rounds: { readonly warmUp: number; readonly rounds: number },
): Promise<Row[]> {
  const idgen = await serveIdgen({ tags: 1, environment: { IDGEN_SERVER_THREADS: String(THREADS) } })
  try {
    const [tag = ''] = idgen.tags
    const { pid, respPort: port = 0 } = idgen.service
    const ours = { pid, port, key: idgen.key }
    const rows: Row[] = []
    for (const { pipeline, requests, rate } of cases) {
      const commands = { pipeline, requests, tag, clientThreads: THREADS }
      const [floor = [], costs = []] = await interleavedRounds(
        [
          { name: 'redis-server', measure: () => redisBenchmark(redis, commands) },
          { name: 'idgen', measure: () => redisBenchmark(ours, commands) },
        ],
        rounds,
      )
      const rates = costs.map(({ perSecond }) => perSecond)
      rows.push(
        {
          what: `processor time a command with ${THREADS} threads, pipeline ${pipeline}, 1 tag`,
          ...costBeside(costs, { what: 'redis-server', costs: floor }),
        },
        judged({
          what: `commands a second with ${THREADS} threads, pipeline ${pipeline}, 1 tag`,
          value: median(rates),
          unit: '/s',
          spread: spreadOf(rates),
          floor: { what: 'redis-server', value: median(floor.map(({ perSecond }) => perSecond)) },
          bar: { of: 'value', atLeast: rate },
        }),
      )
    }
    return rows
  } finally {
    await idgen.end()
  }
}
