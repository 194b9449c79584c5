import type { Violation } from './checks/verdict.ts'
import { FaultPlan } from './faults/fault-plan.ts'
import { SEGMENT_ONLY, SNOWFLAKE_ONLY } from './world/installation.ts'
import type { Tally } from './world/tally.ts'
import { World, type WorldOptions } from './world/world.ts'

export interface SeedOptions extends WorldOptions {
  /** Names of the kinds of faults to choose from; default: as the seed says. */
  readonly faults?: RegExp
  /** false: the run ends with the faults; for installations that have more processes than worker ids. */
  readonly progress?: false
}

export interface SeedResult {
  readonly seed: number
  readonly violation: Violation | undefined
  /** Events until the end, or until the rule was broken. */
  readonly steps: number
  readonly ids: number
  readonly virtualMs: number
  /** Equal for equal runs. */
  readonly digest: number
  readonly tally: Tally
  readonly trace: readonly string[]
}

/** One run: faults for a while, then none, until everybody issues again. */
export async function runSeed(options: SeedOptions): Promise<SeedResult> {
  const world = new World(options)
  const plan = new FaultPlan(world, world.random.fork(), options.faults)
  const { time, verdict } = world
  for (const host of world.hosts)
    time.after(world.random.wait(START_MEAN_MS), () => world.place(host).start())
  plan.start()
  await time.runUntil(world.random.pick(FAULTS_MS) ?? 0, () => verdict.violation !== undefined)
  if (verdict.violation === undefined && options.progress !== false) {
    plan.heal()
    await seeProgress(world)
  }
  for (const host of world.hosts) world.kill(host)
  world.tally.add('order: a tag went back in a process', world.segments.wentBack)
  return {
    seed: options.seed,
    violation: verdict.violation,
    steps: time.steps,
    ids: world.segments.issued + world.stamps.issued,
    virtualMs: time.nowMs,
    digest: world.trace.digest,
    tally: world.tally,
    trace: world.trace.last(TRACE_LINES),
  }
}

/** Every process issues from a segment and from its worker id again, within a bound. */
async function seeProgress(world: World): Promise<void> {
  const { time, verdict, hosts } = world
  const healedMs = time.nowMs
  const missing = (): string[] =>
    hosts.flatMap((host) => {
      const served = world.processOn(host)?.servedAtMs
      return [SEGMENT_ONLY, SNOWFLAKE_ONLY]
        .filter((tagId) => (served?.get(tagId) ?? -1) <= healedMs + SETTLE_MS)
        .map((tagId) => `${host.name} tag ${tagId}: ${world.processOn(host)?.keeper.fault ?? ''}`)
    })
  await time.runUntil(
    healedMs + PROGRESS_MAX_MS,
    () => verdict.violation !== undefined || (time.steps % 64 === 0 && missing().length === 0),
  )
  const late = missing()
  if (verdict.violation === undefined && late.length > 0)
    verdict.broken('no progress', `${PROGRESS_MAX_MS} ms after the faults: ${late.join('; ')}`)
  world.tally.add('virtual seconds until all issued again', Math.ceil((time.nowMs - healedMs) / 1000))
}

/** Virtual time in which faults come: short runs are many, long ones get far. */
const FAULTS_MS = [8000, 15_000, 30_000]
const START_MEAN_MS = 300
/** What was on its way when the faults ended counts for nothing. */
const SETTLE_MS = 2000
/** Lease and window of a worker id that died last are 36 s in the worst case, and a clock that was stepped forward waits. */
const PROGRESS_MAX_MS = 120_000
const TRACE_LINES = 60
