import { IdgenClient } from '../sdk/idgen-client.ts'
import type { Transport } from '../sdk/ports/transport.ts'
import { median } from './median.ts'

/**
 * What the client library costs per ID out of blocks that are in memory, in nanoseconds of processor time, beside a
 * floor in the same run: a loop that counts up a field of an object and adds it up. Rounds of all cases take turns.
 * `--check` fails above the bars of issue 6: next without a promise 25 ns (40 M/s), into an array 10 ns (100 M/s), with
 * a promise 166 ns (6 M/s).
 *
 *     node bench/sdk.bench.ts [--check]
 */
interface Case {
  readonly name: string
  readonly barNs?: number
  /** Takes `count` IDs, which are in memory. A closure each, so that V8 specialises them apart. */
  readonly run: (count: number) => void | Promise<void>
}

const BLOCK = 100_000
const ROUNDS = 9
const WARM_UP_ROUNDS = 4
const BLOCKS_PER_ROUND = 10
const CHECK = process.argv.includes('--check')
const SNOWFLAKES_FROM = 2n ** 60n
const RUN_OF_SNOWFLAKES = 1024

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
  floor(),
  numbersSync(),
  { name: 'numbers.takeSync(Float64Array)', barNs: 10, run: numbersTaken() },
  { name: 'await numbers.next()', barNs: 166, run: numbersAwaited() },
  { name: 'bigints.nextSync() of a segment', run: bigintsSync(segment) },
  { name: 'bigints.nextSync() of snowflakes', run: bigintsSync(snowflake) },
  { name: 'bigints.takeSync(BigUint64Array)', run: bigintsTaken() },
  { name: 'decimals.nextSync() of a segment', run: decimalsSync(segment) },
  { name: 'decimals.nextSync() of snowflakes', run: decimalsSync(snowflake) },
]

const measured = new Map(cases.map(({ name }) => [name, [] as number[]]))
for (let round = -WARM_UP_ROUNDS; round < ROUNDS; round += 1)
  for (const one of cases) {
    const ns = await nsPerId(one)
    if (round >= 0) measured.get(one.name)?.push(ns)
  }
const floorNs = median(measured.get(cases[0]?.name ?? '') ?? [])
for (const { name, barNs } of cases) {
  const ns = median(measured.get(name) ?? [])
  const bar = barNs === undefined ? '' : `  (bar: ${barNs} ns)`
  const millions = Math.round(1000 / ns)
  console.log(
    `${name.padEnd(36)} ${ns.toFixed(1).padStart(7)} ns  ${String(millions).padStart(4)} M/s  ${(ns / floorNs).toFixed(1).padStart(6)} × floor${bar}`,
  )
  if (CHECK && barNs !== undefined && !(ns <= barNs)) process.exitCode = 1
}
client.close()
if (sum === 0) console.log('nothing was counted')

async function nsPerId({ run }: Case): Promise<number> {
  let micros = 0
  for (let block = 0; block < BLOCKS_PER_ROUND; block += 1) {
    await Promise.all([client.numbers(segment).prefetch(BLOCK), client.bigints(snowflake).prefetch(BLOCK)])
    const before = process.cpuUsage()
    await run(BLOCK)
    const { user, system } = process.cpuUsage(before)
    micros += user + system
  }
  return (micros * 1000) / (BLOCK * BLOCKS_PER_ROUND)
}

function floor(): Case {
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
