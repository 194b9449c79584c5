import { GenerateIds } from '../../../service/app/generate-ids.ts'
import { LiveTag } from '../../../service/app/live-tag.ts'
import { Repeat } from '../../../service/app/repeat.ts'
import { TimeGrantKeeper } from '../../../service/app/time-grant-keeper.ts'
import { WorkerIds } from '../../../service/app/worker-ids.ts'
import { IdBatch } from '../../../service/core/id-batch.ts'
import { invariant } from '../../../service/core/invariant.ts'
import { JoinedCursors, type StampingCursor } from '../../../service/core/joined-cursors.ts'
import { Snowflake } from '../../../service/core/snowflake.ts'
import { layoutHash } from '../../../service/core/snowflake-layout.ts'
import type { Tag } from '../../../service/core/tag.ts'
import type { TagCursors } from '../../../service/core/tag-cursors.ts'
import { sleep } from '../../../service/ports/clock.ts'
import type { Log } from '../../../service/ports/log.ts'
import type { Host } from './host.ts'
import { LAYOUT } from './installation.ts'
import { LayoutTags } from './layout-tags.ts'
import type { Prng } from './prng.ts'
import { openStores, type ProcessStores } from './process-stores.ts'
import { watchRounds, watchTakes, watchWindows } from './watched.ts'
import type { World } from './world.ts'

/** One process of the service on a host: the real code over simulated ports, and callers that ask it for IDs. */
export class SimProcess {
  readonly name: string
  readonly host: Host
  readonly stores: ProcessStores
  /** Of its first worker id. */
  readonly keeper: TimeGrantKeeper
  readonly snowflake: StampingCursor
  /** Virtual time of the last IDs of each kind, by tag id. */
  readonly servedAtMs = new Map<number, number>()
  readonly #world: World
  readonly #random: Prng
  readonly #log: Log
  readonly #generate: GenerateIds
  readonly #tags = new Map<number, LiveTag>()
  readonly #probes: Repeat
  readonly #workerIds: WorkerIds
  readonly #tagCursors: TagCursors
  readonly #layoutTags: LayoutTags
  #stopping = false

  constructor(world: World, host: Host, random: Prng) {
    this.#world = world
    this.host = host
    this.name = `${host.name}#${host.boot()}`
    this.#random = random
    this.#log = logTo(world, this.name)
    this.stores = openStores({ world, host, name: this.name, random, log: this.#log })
    const [first, ...more] = Array.from({ length: world.installation.workerIds }, () => this.#newCursor())
    invariant(first !== undefined, 'a process has a worker id')
    this.#layoutTags = new LayoutTags(this.name, [first, ...more], world)
    this.#tagCursors = this.#layoutTags.cursors
    this.snowflake = more.length === 0 ? this.#alone(first) : this.#joined([first, ...more])
    this.keeper = this.#newKeeper(first)
    this.#workerIds = new WorkerIds([this.keeper, ...more.map((cursor) => this.#newKeeper(cursor))])
    this.#generate = new GenerateIds({
      clock: host.clock,
      deadlineMs: REQUEST_DEADLINE_MS,
      maxWaiting: WAITING_MAX,
      onRouterEvent: (tag, { kind }) => world.tally.add(`router: ${kind} (${tag.path})`),
      refillUuids: () => {},
      extendTime: () => this.#workerIds.extendNow(),
    })
    for (const tag of world.installation.tags) this.#load(tag)
    this.#probes = new Repeat(host.clock, PROBE_EVERY_MS, () => this.#probe())
  }

  start(): void {
    void this.#workerIds.start()
    void this.#prewarm()
    this.#probes.start()
    this.#nextRequest()
  }

  /** As SIGTERM: no request is taken any more, what is unused goes back, the worker id is let go. */
  async stop(): Promise<void> {
    this.#stopping = true
    this.#generate.stop()
    if (this.#world.variant.stampsWhileStopping === true) this.#stampOn()
    await this.#probes.stop()
    const retired = [...this.#tags.values()].map((tag) => tag.retire(true))
    await Promise.all([...retired, this.#workerIds.stop()])
    await this.stores.shared?.stop()
    if (this.#world.variant.stampsWhileStopping === true) await sleep(this.host.clock, STAMPS_ON_MS)
  }

  /** The directory drops a tag that is seldom used and loads it again. */
  async reload(tagId: number): Promise<void> {
    const old = this.#tags.get(tagId)
    if (old === undefined || this.#stopping) return
    this.#load(old.tag)
    this.#layoutTags.reload()
    await old.retire(true)
  }

  /** Adds what this process did to the world's tally; once, at its end. */
  account(): void {
    const { tally } = this.#world
    const { allocator, shared, coordinated } = this.stores
    for (const [path, times] of Object.entries(allocator.counters)) tally.add(`allocation: ${path}`, times)
    for (const [path, times] of Object.entries<number>({ ...this.snowflake.counters() }))
      tally.add(`clock: ${path}`, times)
    tally.add('time: granted without the copy', coordinated?.copiesMissed ?? 0)
    tally.add('blocks: taken', shared?.hits ?? 0)
    tally.add('blocks: none there', shared?.misses ?? 0)
    tally.add('blocks: dropped', shared?.dropped ?? 0)
    tally.add('blocks: burnt', shared?.burnt ?? 0)
  }

  #newCursor(): Snowflake {
    const { variant } = this.#world
    const { clock } = this.host
    const options = { layout: LAYOUT, seed: this.#random.next(), monotonicMs: () => clock.monotonicMs() }
    return variant.snowflake?.(options) ?? new Snowflake(options)
  }

  #alone(cursor: Snowflake): Snowflake {
    const { stamps } = this.#world
    watchTakes(cursor, (hi, lo, count) => stamps.spent(this.name, hi, lo, count))
    watchWindows(cursor, this.name, stamps)
    return cursor
  }

  /** To the checks each cursor is a stamper by itself; only the order is that of all of them. */
  #joined(cursors: readonly Snowflake[]): JoinedCursors {
    const { stamps } = this.#world
    for (const [i, cursor] of cursors.entries()) {
      const name = `${this.name} cursor ${i}`
      watchRounds(cursor, (hi, lo, count) => stamps.spent(name, hi, lo, count))
      watchWindows(cursor, name, stamps)
    }
    const joined = new JoinedCursors(cursors)
    watchTakes(joined, (hi, lo, count) => stamps.issuedInOrder(this.name, hi, lo, count))
    return joined
  }

  #newKeeper(snowflake: Snowflake): TimeGrantKeeper {
    const { installation, variant } = this.#world
    const { leaseMs, renewEveryMs, windowMs } = installation
    const request = { dc: this.host.dc, holder: this.name, leaseMs, layoutHash: layoutHash(LAYOUT) }
    return new TimeGrantKeeper({
      store: this.stores.times,
      snowflake,
      layout: LAYOUT,
      clock: this.host.clock,
      random: variant.nonces?.(this.#random) ?? this.#random,
      log: this.#log,
      request,
      windowMs,
      renewEveryMs,
      maxClockAheadMs: MAX_CLOCK_AHEAD_MS,
    })
  }

  async #prewarm(): Promise<void> {
    const tags = this.#world.installation.tags.filter(
      ({ chain, space }) => chain.includes('segment') && space.format === undefined,
    )
    await this.stores.shared?.prewarm(async () =>
      tags.map(({ id, generation, step }) => ({ tagId: id, generation, dc: this.host.dc, step: step.base })),
    )
  }

  #load(tag: Tag): void {
    const { clock, dc } = this.host
    const live = new LiveTag(tag, {
      store: this.stores.segments,
      unsharedStore: this.stores.unsharedSegments,
      dc,
      clock,
      log: this.#log,
      refillDeadlineMs: REFILL_DEADLINE_MS,
      cpu: () => 0.5,
      shared: { snowflake: this.snowflake, 'uuid-v7': this.snowflake, 'uuid-v4': this.snowflake },
      tagCursors: this.#tagCursors,
      prefetch: 1,
      recoveryProbes: 1,
    })
    const { segments, dates } = this.#world
    watchTakes(live.buffer, (hi, lo, count) => {
      segments.spent(this.name, tag.id, hi * 2 ** 32 + lo, count)
      if (live.printer !== undefined) dates.written(this.name, live.printer, hi * 2 ** 32 + lo, count)
    })
    this.#tags.set(tag.id, live)
  }

  /** As app/router-watch.ts, without its audit log. */
  #probe(): void {
    const nowMs = this.host.clock.nowMs()
    for (const tag of this.#tags.values()) {
      if (!tag.router.degraded) continue
      tag.refiller.preload(nowMs)
      const event = tag.router.probe(nowMs)
      if (event !== undefined) this.#world.tally.add(`router: ${event.kind} (${tag.path})`)
    }
  }

  #nextRequest(): void {
    this.host.clock.after(this.#random.wait(this.#world.installation.loadEveryMs), () => {
      this.#request()
      this.#nextRequest()
    })
  }

  #stampOn(): void {
    this.snowflake.take(1, this.host.clock.nowMs(), new IdBatch())
    this.host.clock.after(STAMP_EVERY_MS, () => this.#stampOn())
  }

  #request(): void {
    const tag = this.#random.pick([...this.#tags.values()])
    if (tag === undefined) return
    const count = this.#random.chance(LARGE_SHARE) ? this.#random.int(20, LARGE_MAX) : this.#random.int(1, 6)
    void this.#ask(tag, count)
    this.#layoutTags.request(count, this.host.clock.nowMs())
  }

  async #ask(tag: LiveTag, count: number): Promise<void> {
    const batch = new IdBatch()
    try {
      if (!this.#generate.tryTake(tag, count, batch)) await this.#generate.take(tag, count, batch)
      this.#world.tally.add(`answered by ${batch.algorithm}`)
      this.servedAtMs.set(tag.tag.id, this.#world.time.nowMs)
    } catch {
      this.#world.tally.add('requests refused')
    }
  }
}

function logTo({ trace }: World, name: string): Log {
  const note = (fields: object, text: string): void => {
    const why = 'err' in fields && fields.err instanceof Error ? `: ${fields.err.message}` : ''
    trace.note(`${name} ${text}${why}`)
  }
  return { debug() {}, info: note, warn: note, error: note }
}

/** As the defaults of the configuration. */
const REQUEST_DEADLINE_MS = 2000
const REFILL_DEADLINE_MS = 1000
const MAX_CLOCK_AHEAD_MS = 10_000
const WAITING_MAX = 50
const PROBE_EVERY_MS = 1000
/** Batches that need several segments, or several milliseconds of a worker id. */
const LARGE_SHARE = 0.02
const LARGE_MAX = 2500
/** Of a mutant: the thread that was not told of the stop. */
const STAMPS_ON_MS = 500
const STAMP_EVERY_MS = 20
