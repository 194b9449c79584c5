import { IdgenClient } from '../sdk/idgen-client.ts'
import type { Transport } from '../sdk/ports/transport.ts'
import { judged, type Row, reportFindings } from './bench-result.ts'
import { type Cost, costBeside, inNanoseconds, interleavedRounds, roundsText } from './interleaved-rounds.ts'
import { gatedRows } from './regression-gate.ts'

/**
 * What the client library costs per ID out of blocks that are in memory, in nanoseconds of processor time, beside a
 * floor in the same run: a loop that counts up a field of an object and adds it up. Rounds of all cases take turns.
 * The bars of issue 6: next without a promise 25 ns (40 M/s), into an array 10 ns (100 M/s), with a promise 166 ns (6 M/s);
 * `--check` fails above twice of each, or twice the saved ratio (GATE).
 *
 *     node bench/sdk.bench.ts [--short] [--save] [--check]
 */
interface Case {
  readonly name: string
  readonly barNs?: number
  /** Takes `count` IDs, which are in memory. A closure each, so that V8 specialises them apart. */
  readonly run: (count: number) => void | Promise<void>
}

const BLOCK = 100_000
const ROUNDS = process.argv.includes('--short') ? { warmUp: 1, rounds: 1 } : { warmUp: 4, rounds: 9 }
const BLOCKS_PER_ROUND = 10
const SNOWFLAKES_FROM = 2n ** 60n
const RUN_OF_SNOWFLAKES = 1024

/** A loop of a few nanoseconds is at the mercy of its neighbours' caches: rounds were seen at 1.3 of their median. */
const GATE = 2

/** A service in this process: what the network costs is measured elsewhere (bench/http.bench.ts). */
function localTransport(): Transport {
  const next = new Map([
    ['bench/sdk/segment', 1_000_000n],
    ['bench/sdk/snowflake', SNOWFLAKES_FROM],
  ])
  return {
    schemes: ['local'],
    textsMax: BLOCK,
    async issue(_endpoint, { path, count, form }) {
      const first = next.get(path) ?? 0n
      next.set(path, first + BigInt(count))
      const length = path.endsWith('snowflake') ? RUN_OF_SNOWFLAKES : count
      const runs = Array.from({ length: Math.ceil(count / length) }, (_, i) => ({
        first: first + BigInt(i * length),
        count: Math.min(length, count - i * length),
      }))
      return { runs: form === 'runs' ? runs : [], texts: [], algorithm: undefined, degraded: false }
    },
    close: () => undefined,
  }
}

const client = new IdgenClient({ endpoints: 'local://x', transport: localTransport, maxBlock: BLOCK })
const segment = 'bench/sdk/segment'
const snowflake = 'bench/sdk/snowflake'
/** What the IDs are added up to, so that no compiler leaves them out. */
let sum = 0

const cases: Case[] = [
  floorCase(),
  numbersSync(),
  { name: 'numbers.takeSync(Float64Array)', barNs: 10, run: numbersTaken() },
  { name: 'await numbers.next()', barNs: 166, run: numbersAwaited() },
  { name: 'bigints.nextSync() of a segment', run: bigintsSync(segment) },
  { name: 'bigints.nextSync() of snowflakes', run: bigintsSync(snowflake) },
  { name: 'bigints.takeSync(BigUint64Array)', run: bigintsTaken() },
  { name: 'decimals.nextSync() of a segment', run: decimalsSync(segment) },
  { name: 'decimals.nextSync() of snowflakes', run: decimalsSync(snowflake) },
]

reportFindings({
  bench: 'sdk',
  conditions: [
    `Blocks of ${BLOCK.toLocaleString('en-US')} IDs out of a transport in the same process, so no network is in these figures; one thread.`,
    'The floor is a loop that counts up a field of an object and adds it up.',
    `Processor time of the process per ID; ${roundsText(ROUNDS.rounds)} in which all cases take turns.`,
  ],
  rows: await gatedRows('sdk', rowsOfAll),
})
client.close()
if (sum === 0) console.log('nothing was counted')

async function rowsOfAll(): Promise<Row[]> {
  const subjects = cases.map((one) => ({ name: one.name, measure: () => costOf(one) }))
  const [floor = [], ...others] = await interleavedRounds(subjects, ROUNDS)
  return others.map((costs, i) => {
    const { name, barNs } = cases[i + 1] ?? floorCase()
    const row = { what: name, ...costBeside(costs, { what: 'a field counted up', costs: floor }) }
    return judged({
      ...inNanoseconds(row),
      ...(barNs === undefined ? {} : { bar: { of: 'value', atMost: barNs } }),
      gate: GATE,
    })
  })
}

async function costOf({ run }: Case): Promise<Cost> {
  let micros = 0
  for (let block = 0; block < BLOCKS_PER_ROUND; block += 1) {
    await Promise.all([client.numbers(segment).prefetch(BLOCK), client.bigints(snowflake).prefetch(BLOCK)])
    const before = process.cpuUsage()
    await run(BLOCK)
    const { user, system } = process.cpuUsage(before)
    micros += user + system
  }
  const each = micros / (BLOCK * BLOCKS_PER_ROUND)
  return { micros: each, perSecond: 1e6 / each }
}

function floorCase(): Case {
  const counter = { next: 1_000_000 }
  return {
    name: 'floor: a field counted up',
    run(count) {
      let total = 0
      for (let i = 0; i < count; i += 1) {
        total += counter.next
        counter.next += 1
      }
      sum += total
    },
  }
}

function numbersSync(): Case {
  const ids = client.numbers(segment)
  return {
    name: 'numbers.nextSync()',
    barNs: 25,
    run(count) {
      let total = 0
      for (let i = 0; i < count; i += 1) total += ids.nextSync()
      sum += total
    },
  }
}

function numbersTaken(): (count: number) => void {
  const ids = client.numbers(segment)
  const target = new Float64Array(BLOCK)
  return () => {
    ids.takeSync(target)
    sum += target[BLOCK - 1] ?? 0
  }
}

function numbersAwaited(): (count: number) => Promise<void> {
  const ids = client.numbers(segment)
  return async (count) => {
    let total = 0
    for (let i = 0; i < count; i += 1) total += await ids.next()
    sum += total
  }
}

function bigintsSync(path: string): (count: number) => void {
  const ids = client.bigints(path)
  return (count) => {
    let last = 0n
    for (let i = 0; i < count; i += 1) last = ids.nextSync()
    sum += Number(last)
  }
}

function bigintsTaken(): (count: number) => void {
  const ids = client.bigints(snowflake)
  const target = new BigUint64Array(BLOCK)
  return () => {
    ids.takeSync(target)
    sum += Number(target[BLOCK - 1] ?? 0n)
  }
}

function decimalsSync(path: string): (count: number) => void {
  const ids = client.decimals(path)
  return (count) => {
    let total = 0
    for (let i = 0; i < count; i += 1) total += ids.nextSync().length
    sum += total
  }
}
