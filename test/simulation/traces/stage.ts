import assert from 'node:assert/strict'
import { workerKey } from '../../../service/core/coordination-keys.ts'
import { IdgenError } from '../../../service/core/errors.ts'
import type { SegmentGrant } from '../../../service/core/grant.ts'
import { IdBatch } from '../../../service/core/id-batch.ts'
import { printerOf } from '../../../service/core/id-printer.ts'
import type { PostgresCluster } from '../stores/postgres-cluster.ts'
import type { Host } from '../world/host.ts'
import { type Installation, SEGMENT_ONLY } from '../world/installation.ts'
import type { SimProcess } from '../world/sim-process.ts'
import type { Variant } from '../world/variant.ts'
import { World } from '../world/world.ts'

/** Messages that are held back, to arrive when a test says so. */
export interface Held {
  /** How many there are by now. */
  readonly count: () => number
  readonly release: () => void
}

/**
 * Two or more processes that do only what a test tells them, one step after another, on stores without faults but for
 * those that it brings about: for schedules that a model found.
 */
export class Stage {
  readonly world: World
  readonly a: SimProcess
  readonly b: SimProcess
  readonly c: SimProcess
  readonly cluster: PostgresCluster

  constructor(variant: Variant = {}, installation: Partial<Installation> = {}) {
    this.world = new World({ seed: 1, variant, installation: { ...SMALL, ...installation } })
    const [first, second, third] = this.world.hosts
    assert.ok(first !== undefined && second !== undefined && third !== undefined)
    this.a = this.world.place(first)
    this.b = this.world.place(second)
    this.c = this.world.place(third)
    this.cluster = this.world.clusterOf(0)
  }

  /** What came of `work`, when it is over; virtual time passes meanwhile. */
  async act<T>(work: Promise<T>): Promise<T> {
    let over = false
    const settled = work.finally(() => {
      over = true
    })
    settled.catch(() => {})
    await this.world.time.runUntil(this.world.time.nowMs + ACT_MAX_MS, () => over)
    assert.ok(over, 'a step of a trace ends')
    return await settled
  }

  async pass(ms: number): Promise<void> {
    await this.world.time.runUntil(this.world.time.nowMs + ms)
  }

  /** Allocates and issues all of it. @returns the numbers, or the code of the refusal */
  async allocate(process: SimProcess, step = 1, tagId = SEGMENT_ONLY): Promise<SegmentGrant | string> {
    try {
      const { generation, space } = this.world.tag(tagId)
      const { segments } = process.stores
      const grant = await this.act(segments.allocate(tagId, process.host.dc, step, generation))
      this.world.segments.spent(process.name, tagId, grant.lo, grant.hi - grant.lo)
      const printer = printerOf(space)
      if (printer !== undefined)
        this.world.dates.written(process.name, printer, grant.lo, grant.hi - grant.lo)
      return grant
    } catch (thrown) {
      return IdgenError.from(thrown).code
    }
  }

  /** One try to acquire a worker id and to extend its window, and then IDs of the next twenty milliseconds. */
  async renewAndStamp(process: SimProcess): Promise<number> {
    await this.act(process.keeper.renew())
    return this.stamp(process)
  }

  /** Both stores have the authority record, and the worker id is free with its time behind now. */
  async begin(): Promise<this> {
    await this.act(this.c.keeper.renew())
    await this.act(this.c.keeper.stop())
    return this
  }

  /** @returns how many IDs were to be had */
  stamp(process: SimProcess): number {
    return process.snowflake.take(STAMPS, process.host.clock.nowMs(), new IdBatch())
  }

  cut(process: SimProcess, store: string): void {
    const { there, back } = this.world.network.link(process.host, store)
    there.cut = true
    back.cut = true
  }

  /** A renewal is under way: PostgreSQL answers its acquisition, and is away when the copy is to be written. */
  async cutBeforeCopy(process: SimProcess, store: string): Promise<void> {
    const extension = this.hold(process.host, /^put \/worker-time\/(?!.*delete)/)
    await this.pass(100)
    assert.equal(extension.count(), 1)
    this.cut(process, store)
    extension.release()
    await this.pass(100)
  }

  /** The same, but PostgreSQL refuses at once instead of saying nothing; it is back when the renewal has ended. */
  async refuseCopy(process: SimProcess, renewal: Promise<void>): Promise<void> {
    const extension = this.hold(process.host, /^put \/worker-time\/(?!.*delete)/)
    await this.pass(100)
    assert.equal(extension.count(), 1)
    const server = this.world.clusterOf(process.host.dc).serverOf(process.host)
    server.down = 'connection refused'
    extension.release()
    await this.act(renewal)
    server.down = undefined
  }

  /** Requests of a process whose text matches wait on their way until they are released. */
  hold({ name }: Host, what: RegExp): Held {
    const { promise, resolve } = Promise.withResolvers<void>()
    let count = 0
    let released = false
    const before = this.world.network.gate
    this.world.network.gate = (call, way) => {
      if (released || call.host !== name || way !== 'there' || !what.test(call.what))
        return before?.(call, way)
      count += 1
      return promise
    }
    return {
      count: () => count,
      release: () => {
        released = true
        resolve()
      },
    }
  }

  /** The holder's key of the one worker id goes, as when its lease ran out. */
  endLease(): void {
    const lease = this.world.etcd.snapshot().entries.get(workerKey(0, 0))?.leaseId
    assert.ok(lease !== undefined, 'somebody holds the worker id')
    this.world.etcd.endLease(lease)
  }

  get issuedTwice(): boolean {
    return this.world.verdict.all.some(({ rule }) => rule === 'issued twice')
  }

  /** No rule was broken at all. */
  mustBeWhole(): void {
    assert.deepEqual(this.world.verdict.all, [])
  }

  mustHaveIssuedTwice(): void {
    assert.ok(this.issuedTwice, `nothing was issued twice: ${JSON.stringify(this.world.verdict.all)}`)
  }
}

const SMALL: Partial<Installation> = {
  dcs: [0],
  hostsPerDc: 3,
  etcd: true,
  redis: false,
  databases: 'shared',
  synchronous: false,
  workers: 1,
  workerIds: 1,
  leaseMs: 30_000,
  windowMs: 30_000,
  headroomSteps: 4,
}

const ACT_MAX_MS = 60_000
const STAMPS = 20 * 1024
