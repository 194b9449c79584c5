import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { BlockWorld, overlap, TTL_MS } from '../../test/fixtures/block-world.ts'
import { MemoryCoordinator } from '../adapters/memory/memory-coordinator.ts'
import { IdgenError } from '../core/errors.ts'
import type { SegmentGrant } from '../core/grant.ts'
import type { BlockCache, BlockList, CachedBlock } from '../ports/block-cache.ts'
import type { CoordinatorOutcome, CoordinatorTransaction } from '../ports/coordinator.ts'
import type { SharedBlocks } from './shared-blocks.ts'

/** Takes its decisions from a list made by fast-check; at its end all goes well. */
type Choose = (upTo: number) => number

/** A cache that repeats what it had at any time, in any order, whatever was asked for, and loses calls and answers. */
class WildCache implements BlockCache {
  readonly #choose: Choose
  readonly #ever: CachedBlock[] = []

  constructor(choose: Choose) {
    this.#choose = choose
  }

  async push(_list: BlockList, blocks: readonly CachedBlock[]): Promise<void> {
    if (this.#choose(8) === 1) throw lost()
    this.#ever.push(...blocks)
    if (this.#choose(8) === 1) throw lost()
  }

  async pop(): Promise<CachedBlock | undefined> {
    const fate = this.#choose(8)
    if (fate === 1) throw lost()
    if (fate === 2) return undefined
    return this.#ever[this.#choose(this.#ever.length)]
  }

  async count(): Promise<number> {
    return this.#choose(3)
  }
}

/** Loses transactions and their answers, and carries some out long after their caller gave up. */
class LossyCoordinator extends MemoryCoordinator {
  choose: Choose = () => 0
  readonly #late: CoordinatorTransaction[] = []

  override async transact(transaction: CoordinatorTransaction): Promise<CoordinatorOutcome> {
    for (const before of this.#late.splice(0, this.choose(3)))
      await super.transact(before).catch(() => undefined)
    const fate = this.choose(10)
    if (fate === 1) throw lost()
    if (fate === 2) {
      this.#late.push(transaction)
      throw lost()
    }
    const outcome = await super.transact(transaction)
    if (fate === 3) throw lost()
    return outcome
  }
}

function lost(): IdgenError {
  return new IdgenError('IDGEN_CACHE_UNAVAILABLE', 'lost')
}

const PROCESSES = 4

interface Step {
  /** Allocations that run at the same time, by process. */
  readonly takers: readonly number[]
  readonly step: number
  readonly passMs: number
}

const STEP = fc.record({
  takers: fc.array(fc.nat(PROCESSES - 1), { minLength: 1, maxLength: 6 }),
  step: fc.constantFrom(1, 100, 100, 100, 250, 5000),
  passMs: fc.constantFrom(0, 1, 1000, 1000, 20_000, TTL_MS, 2 * TTL_MS),
})

function chooser(choices: readonly number[]): Choose {
  let at = 0
  return (upTo) => {
    const choice = choices[at] ?? 0
    at += 1
    return upTo === 0 ? 0 : choice % upTo
  }
}

/** Every process prewarms, then takes as told; what each got, in order. */
async function run(
  world: BlockWorld,
  processes: readonly SharedBlocks[],
  tag: BlockList,
  steps: readonly Step[],
): Promise<SegmentGrant[][]> {
  const got: SegmentGrant[][] = processes.map(() => [])
  for (const { takers, step, passMs } of steps) {
    const busy = () => Promise.resolve([{ ...tag, step }])
    const calls = takers.map(async (taker) => {
      const process = processes[taker]
      const before = got[taker]?.at(-1)?.hi ?? 0
      const grant = await process?.allocate(tag.tagId, tag.dc, step, tag.generation)
      if (grant === undefined) return
      assert.ok(grant.lo >= before, 'what was there before the call lies below')
      got[taker]?.push(grant)
    })
    await Promise.all([...calls, processes[step % PROCESSES]?.prewarm(busy)])
    for (const process of processes) await process.settled()
    world.clock.advance(passMs)
  }
  return got
}

test('a block is used by one process once, whatever cache, etcd and their answers do', async () => {
  const property = fc.asyncProperty(
    fc.array(STEP, { maxLength: 25 }),
    fc.array(fc.nat(1000), { maxLength: 400 }),
    async (steps, choices) => {
      const world = new BlockWorld()
      const tag = await world.newTag()
      const choose = chooser(choices)
      const cache = new WildCache(choose)
      const processes = Array.from({ length: PROCESSES }, () => {
        const coordinator = new LossyCoordinator(world.etcd)
        coordinator.choose = choose
        return world.newProcess({ cache, coordinator })
      })
      const got = await run(world, processes, tag, steps)
      assert.equal(overlap(got.flat()), undefined)
    },
  )
  await fc.assert(property, { numRuns: 60 })
})

test('numbers are used once with a cache and an etcd that forget together, as long as one of them does not repeat', async () => {
  const property = fc.asyncProperty(
    fc.array(STEP, { minLength: 1, maxLength: 12 }),
    fc.array(STEP, { maxLength: 12 }),
    fc.constantFrom('etcd', 'cache', 'both, the cache with another run'),
    async (before, after, which) => {
      const world = new BlockWorld()
      const tag = await world.newTag()
      const early = Array.from({ length: PROCESSES }, () => world.newProcess())
      const first = await run(world, early, tag, before.slice(0, 6))
      const [backup, dump] = [world.etcd.snapshot(), world.cache.snapshot()]
      const second = await run(world, early, tag, before.slice(6))
      if (which !== 'cache') world.etcd.restore(backup)
      if (which !== 'etcd') world.cache.restore(dump)
      if (which === 'both, the cache with another run') world.cache.newRun()
      const fresh = Array.from({ length: PROCESSES }, () => world.newProcess())
      const third = await run(world, fresh, tag, after)
      assert.equal(overlap([first, second, third].flat(2)), undefined)
    },
  )
  await fc.assert(property, { numRuns: 60 })
})

/** How long a process takes to use up a segment, at each moment of its life; 0: nobody asks. */
type Pace = (nowMs: number) => number

/** Lets processes use segments as paced for a day, and says which share of the granted numbers nobody got. */
async function wasteOf(paces: readonly Pace[]): Promise<{ share: number; hits: number; asked: number }> {
  const world = new BlockWorld()
  const tag = await world.newTag()
  const users = paces.map((pace) => ({ pace, process: world.newProcess(), nextMs: 0 }))
  let got = 0
  for (let nowMs = 0; nowMs < DAY_MS; nowMs += TICK_MS) {
    for (const user of users) {
      const lastsMs = user.pace(nowMs)
      if (lastsMs === 0 || user.nextMs > nowMs) continue
      const { lo, hi } = await user.process.allocate(tag.tagId, tag.dc, 100, tag.generation)
      await user.process.settled()
      got += hi - lo
      user.nextMs = nowMs + lastsMs
    }
    world.clock.advance(TICK_MS)
  }
  const granted = (await world.newStore().allocate(tag.tagId, tag.dc, 1)).lo
  const hits = users.reduce((sum, { process }) => sum + process.hits, 0)
  return { share: (granted - got) / granted, hits, asked: world.asked }
}

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const TICK_MS = 10_000
/** Day and night: from `fastMs` a segment at noon to ten times that at midnight. */
const daily =
  (fastMs: number): Pace =>
  (nowMs) =>
    fastMs * (5.5 + 4.5 * Math.cos((nowMs / DAY_MS) * 2 * Math.PI))

test('blocks that expire waste less than 5 % of a day, and a busy group asks the database far less often', async () => {
  const steady: Pace = () => 20_000
  const busy = await wasteOf([steady, steady, steady, steady])
  assert.ok(busy.share < 0.01, `busy: ${busy.share}`)
  assert.ok(busy.hits > 3 * busy.asked, `${busy.hits} hits, ${busy.asked} asked`)
  const worlds: Record<string, readonly Pace[]> = {
    'day and night': [daily(10_000), daily(10_000), daily(30_000)],
    'once an hour for ten minutes': [(now) => (now % HOUR_MS < 600_000 ? 20_000 : 0)],
    'twice a minute apart, every quarter of an hour': [(now) => (now % 900_000 < 120_000 ? 60_000 : 0)],
    'one that stops at noon': [(now) => (now < DAY_MS / 2 ? 20_000 : 0), () => 400_000],
    slow: [() => 700_000, () => 650_000],
  }
  for (const [name, paces] of Object.entries(worlds)) {
    const { share } = await wasteOf(paces)
    assert.ok(share < 0.05, `${name}: ${share}`)
  }
})
