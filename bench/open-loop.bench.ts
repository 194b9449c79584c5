import { availableParallelism } from 'node:os'
import { setTimeout as pause } from 'node:timers/promises'
import type { LoadPlan } from '../service/load/load-plan.ts'
import type { LoadReport } from '../service/load/load-report.ts'
import { runLoad } from '../service/load/run-load.ts'
import { VERSION } from '../service/version.ts'
import { figure, reportFindings } from './bench-result.ts'
import { dealtConnections } from './dealt-connections.ts'
import {
  type FloorStep,
  floorTable,
  isBroken,
  type LoadStep,
  stepBars,
  stepCurves,
  stepNote,
  stepTable,
} from './load-steps.ts'
import { type RedisFloor, redisFloor } from './redis-floor.ts'
import { type ServingIdgen, serveIdgen } from './serving-idgen.ts'
import { processMicros, residentMb, sharesBetween, threadTimes } from './thread-times.ts'

/**
 * Single IDs at a fixed rate, whatever the answers do: a real `idgen serve` with two threads on its embedded database, asked
 * over the Redis protocol by the engine of `idgen bench`, which checks every ID for one that came before.
 *
 *     [this process: load thread] ──16 connections × up to 256 under way──▶ [idgen serve: main, 2 threads] ──▶ [postgres]
 *
 * Before each step redis-server gets the same commands at the same rate from the same engine: the floor.
 *
 *     node bench/open-loop.bench.ts [--short] [--save]      30 minutes; --short: two
 *     RATES=2000000,3000000 node bench/open-loop.bench.ts    only these, 15 s each: where it breaks; saves nothing
 */
const SHORT = process.argv.includes('--short')
const ASKED = process.env['RATES']?.split(',').map(Number)
const RATES = ASKED ?? [100_000, 500_000, 1_000_000, 1_500_000]
/** Beyond them, to find where it breaks; what the generator itself can send ends somewhere above 3 M/s. */
const BEYOND = { by: 500_000, most: 4_000_000 }
/** The step that the bars are about. */
const MAIN_RATE = 1_000_000
const STEP_SECONDS = SHORT ? 2 : 15
/** Ten minutes, as issue 6 asks: a table, a heap or a log that grows shows by then. */
const MAIN_SECONDS = SHORT ? STEP_SECONDS : 600
/** Of the floor, which nobody waits to see grow. */
const FLOOR_SECONDS = STEP_SECONDS
const TAGS = 100
const THREADS = 2
const CONNECTIONS = 16
const PIPELINE = 256
/** Compilers and the dynamic step of the segments settle in it. */
const WARM_UP_MS = SHORT ? 1000 : 3000
/** The service's default. */
const MAX_CONNECTION_AGE_MS = 600_000
/** So that no step inherits the collector's or the allocator's work of the one before. */
const REST_MS = 1000
/** Two threads get eight of sixteen each once in five times, so this many fail once in ten million. */
const DEALS_MAX = 75

if (!RATES.every((rate) => rate > 0))
  throw new Error(`RATES is "${process.env['RATES']}": write numbers above 0, with commas`)
/** As a first try starts it, without the Redis protocol. */
const plain = await serveIdgen({ tags: 0, environment: { IDGEN_SERVER_RESP_ENABLED: 'false' } })
const plainMb = await residentMb(plain.service.pid)
await plain.end()

const redis = await redisFloor()
const idgen = await serveIdgen({
  tags: TAGS,
  environment: {
    IDGEN_SERVER_THREADS: String(THREADS),
    IDGEN_SERVER_MAX_CONNECTION_AGE: `${MAX_CONNECTION_AGE_MS / 1000}s`,
  },
})
try {
  const atStart = await residentMb(idgen.service.pid)
  const steps: LoadStep[] = []
  for (const tags of [1, TAGS]) {
    for (const rate of RATES) steps.push(await besideFloor(tags, rate))
    if (SHORT || ASKED !== undefined) continue
    for (let rate = Math.max(...RATES) + BEYOND.by; rate <= BEYOND.most; rate += BEYOND.by) {
      const last = steps.at(-1)
      if (last !== undefined && isBroken(last)) break
      steps.push(await besideFloor(tags, rate))
    }
  }
  const findings = {
    bench: 'open-loop',
    versions: redis === undefined ? {} : { redis: redis.version },
    conditions: [
      `INCR of segment tags, one ID a command, ${CONNECTIONS} connections over loopback with up to ${PIPELINE} commands under way on each.`,
      `One process with ${THREADS} threads that answer; key check, rate limits (set above the rate) and metrics on; embedded PostgreSQL.`,
      `Each step begins anew until each thread has ${CONNECTIONS / THREADS} of the connections: the kernel deals them by chance, and the shares of the threads are as far apart as that (decision 0024).`,
      `The load generator, its check of every ID and the database run on the same ${availableParallelism()} processors.`,
      'Latency counts from the moment at which a command was to be sent (corrected for coordinated omission).',
      `The floor is redis-server (no persistence, no key, one thread): before each step the same commands at the same rate from the same engine, ${FLOOR_SECONDS} s: one pair a step, not in turns.`,
      `A step takes ${STEP_SECONDS} s${MAIN_SECONDS === STEP_SECONDS ? '' : `, those at ${figure(MAIN_RATE)}/s ${MAIN_SECONDS} s`}.`,
    ],
    rows: stepBars(steps, {
      rates: RATES,
      mainRate: MAIN_RATE,
      plainMb,
      atStart,
      processors: availableParallelism(),
    }),
    tables: [stepTable(steps), ...floorTable(steps)],
    curves: stepCurves(steps),
    notes: [1, TAGS].map((tags) => stepNote(steps.filter((step) => step.tags === tags))),
  }
  // Other rates are no result that may stand in the place of these.
  if (ASKED === undefined) reportFindings(findings)
} finally {
  await idgen.end()
  await redis?.end()
}

async function besideFloor(tags: number, rate: number): Promise<LoadStep> {
  const floor = redis === undefined ? undefined : await measureFloor(redis, idgen.tags.slice(0, tags), rate)
  await pause(REST_MS)
  const step = await measure(idgen, tags, rate)
  console.log(`${tags} tags, ${figure(rate)}/s: ${said(step.report, step.shares.process)}`)
  if (floor !== undefined) console.log(`    redis-server: ${said(floor.report, floor.process)}`)
  await pause(REST_MS)
  return { ...step, floor }
}

function said({ latency, answersPerSecond }: LoadReport, processors: number): string {
  return `p99 ${figure(latency.p99)} ms, ${figure(answersPerSecond)}/s, ${figure(processors * 100)} % of a processor`
}

async function measureFloor(
  { port, process: { pid = 0 } }: RedisFloor,
  tags: readonly string[],
  rate: number,
): Promise<FloorStep> {
  let before = 0
  let begin = 0
  let used = 0
  const looking: Promise<void>[] = []
  const look = async (second: number): Promise<void> => {
    const micros = await processMicros(pid)
    const now = performance.now()
    if (second * 1000 <= WARM_UP_MS) [before, begin] = [micros, now]
    else if (second * 1000 <= WARM_UP_MS + FLOOR_SECONDS * 1000)
      used = (micros - before) / 1000 / (now - begin)
  }
  const report = await runLoad(planOf({ port, key: '', tags, rate, seconds: FLOOR_SECONDS }), {
    version: VERSION,
    onSecond: ({ second }) => void looking.push(look(second)),
    stop: new AbortController().signal,
  })
  await Promise.all(looking)
  return { report, process: used }
}

/** The step, begun anew until the connections are dealt evenly. */
async function measure(idgen: ServingIdgen, tags: number, rate: number): Promise<LoadStep> {
  for (let deals = 0; deals < DEALS_MAX; deals += 1) {
    const step = await dealAndMeasure(idgen, tags, rate)
    if (step !== undefined) return step
  }
  throw new Error(`The connections were dealt ${DEALS_MAX} times and never evenly.`)
}

async function dealAndMeasure(
  { service, key, tags: all }: ServingIdgen,
  tags: number,
  rate: number,
): Promise<LoadStep | undefined> {
  const { pid, respPort = 0 } = service
  const seconds = rate === MAIN_RATE ? MAIN_SECONDS : STEP_SECONDS
  const plan = planOf({ port: respPort, key, tags: all.slice(0, tags), rate, seconds })
  let before = await threadTimes(pid)
  let begin = performance.now()
  let shares = sharesBetween(before, before, { pid, ms: 1, answering: THREADS })
  let peakMb = 0
  const uneven = new AbortController()
  const looking: Promise<void>[] = []
  const look = async (second: number): Promise<void> => {
    const times = await threadTimes(pid)
    const now = performance.now()
    peakMb = Math.max(peakMb, await residentMb(pid))
    // The warm-up is not counted, and the seconds after the end of sending neither: what is kept is the last whole second.
    if (second * 1000 <= WARM_UP_MS) [before, begin] = [times, now]
    else if (second * 1000 <= WARM_UP_MS + seconds * 1000)
      shares = sharesBetween(before, times, { pid, ms: now - begin, answering: THREADS })
    if (second === 1 && !isEven(await dealtConnections(pid, respPort))) uneven.abort()
  }
  const report: LoadReport = await runLoad(plan, {
    version: VERSION,
    onSecond: ({ second }) => void looking.push(look(second)),
    // Else the engine ends by itself when the time of the plan is over.
    stop: uneven.signal,
  })
  await Promise.all(looking)
  if (uneven.signal.aborted) return undefined
  refuseReconnects(report.reconnects, WARM_UP_MS + seconds * 1000)
  return { tags, rate, report, shares, peakMb, floor: undefined }
}

function isEven(dealt: readonly number[]): boolean {
  return dealt.length === THREADS && dealt.every((count) => count === CONNECTIONS / THREADS)
}

/** A connection ends at 0.9 to 1.1 of its age: whatever else closes some would be called a good answer by the resending. */
function refuseReconnects(reconnects: number, ms: number): void {
  const most = CONNECTIONS * (1 + ms / (0.9 * MAX_CONNECTION_AGE_MS))
  if (reconnects > most)
    throw new Error(
      `${reconnects} connections were opened again where their age explains ${Math.floor(most)}`,
    )
}

function planOf(step: {
  readonly port: number
  readonly key: string
  readonly tags: readonly string[]
  readonly rate: number
  readonly seconds: number
}): LoadPlan {
  const { port, key, tags, rate, seconds } = step
  return {
    target: { protocol: 'resp', host: '127.0.0.1', port, tls: undefined },
    tags,
    key,
    threads: 1,
    connections: CONNECTIONS,
    pipeline: PIPELINE,
    batch: 1,
    form: 'text',
    command: 'incr',
    rate,
    requests: undefined,
    durationMs: seconds * 1000,
    warmUpMs: WARM_UP_MS,
    check: true,
    spin: false,
  }
}
