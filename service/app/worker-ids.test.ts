import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { batchNumbers } from '../../test/fixtures/batch-numbers.ts'
import { type MemoryUseCases, memoryUseCases } from '../../test/fixtures/memory-use-cases.ts'
import { settle } from '../../test/fixtures/settle.ts'
import { MemoryClock } from '../adapters/memory/memory-clock.ts'
import { MemoryTimeGrantStore } from '../adapters/memory/memory-time-grant-store.ts'
import { IdBatch } from '../core/id-batch.ts'
import { decodeSnowflake, snowflakeLayout } from '../core/snowflake-layout.ts'
import type { TimeHold } from '../ports/time-grant-store.ts'
import type { LiveTag } from './live-tag.ts'

const ACTOR = { actor: 'test', traceId: undefined }
const LAYOUT = snowflakeLayout(Date.UTC(2025, 0, 1))
/** What one worker id can stamp in a second. */
const ONE = 1_024_000

let clock: MemoryClock
let one: MemoryUseCases
let store: HeldTimes
let tag: LiveTag

describe('a process with several worker ids', () => {
  beforeEach(() => start(3, 2))
  afterEach(() => one.stop())

  test('holds them all, and says so', () => {
    assert.equal(new Set(one.service.workerIds.held).size, 2)
    assert.deepEqual(one.service.workerIds.faults, [undefined, undefined])
    assert.deepEqual(one.useCases.readiness.report().degraded, [])
  })

  test('gives a tag more in a second than one worker id has', () => {
    let issued = 0
    let last = 0n
    for (let ms = 0; ms < 1000; ms += 1) {
      const batch = new IdBatch()
      one.useCases.generate.tryTake(tag, 1500, batch)
      issued += batch.count
      const first = (BigInt(batch.runHi(0)) << 32n) | BigInt(batch.runLo(0))
      assert.ok(first > last)
      last = first
      clock.advance(1)
    }
    assert.ok(issued > ONE * 1.4, `${issued}`)
  })

  test('goes on with the others when one is lost, and takes another one in its place', async () => {
    const [lost] = store.holds
    assert.ok(lost !== undefined)
    store.taken = lost.worker
    await one.service.workerIds.extendNow()
    assert.ok(!one.service.workerIds.held.includes(lost.worker))
    assert.deepEqual(one.service.workerIds.faults, [undefined, undefined])
    assert.equal(tag.router.degraded, false)
  })

  test('stamps with what it has while no other is free, without degrading', async () => {
    await one.stop()
    await start(1, 2)
    assert.deepEqual(
      one.service.workerIds.held.filter((worker) => worker !== undefined),
      [0],
    )
    const [trouble] = one.useCases.readiness.report().degraded
    assert.match(trouble?.why ?? '', /only 1 of 2 worker ids stamp: .*no free worker id/)
    assert.deepEqual(workersOf(await taken(5000)), [0])
    assert.equal(tag.router.degraded, false)
    const told = (await one.audited()).filter(({ action }) => action.startsWith('worker.'))
    assert.deepEqual(told.map(({ action }) => action).toSorted(), ['worker.acquired', 'worker.unavailable'])
  })

  test('lets all go when it stops, none of them above what was stamped', async () => {
    await taken(3000)
    const held = store.holds.map(({ worker }) => worker)
    await one.stop()
    assert.deepEqual(store.released.map(({ worker }) => worker).toSorted(), held.toSorted())
    for (const { untilMs } of store.released) assert.ok(untilMs <= clock.nowMs() + 3)
  })

  test('a restart repeats nothing of what was stamped before, with whichever worker ids it gets', async () => {
    const before = batchNumbers(await taken(5000))
    await one.stop()
    await start(3, 2, store)
    const after = batchNumbers(await taken(5000))
    assert.equal(new Set([...before, ...after]).size, 10_000)
  })
})

/** Remembers holds and releases, and refuses a worker id that the test took away. */
class HeldTimes extends MemoryTimeGrantStore {
  readonly #live = new Map<string, TimeHold>()
  readonly released: { worker: number; untilMs: number }[] = []
  taken = -1

  get holds(): readonly TimeHold[] {
    return [...this.#live.values()]
  }

  override async extend(hold: TimeHold, untilMs: number, leaseMs: number): Promise<TimeHold | undefined> {
    if (hold.worker === this.taken) return undefined
    const extended = await super.extend(hold, untilMs, leaseMs)
    if (extended !== undefined) this.#live.set(extended.nonce, extended)
    return extended
  }

  override async release(hold: TimeHold, untilMs: number): Promise<boolean> {
    this.#live.delete(hold.nonce)
    this.released.push({ worker: hold.worker, untilMs })
    return await super.release(hold, untilMs)
  }
}

async function start(free: number, workerIds: number, times?: HeldTimes): Promise<void> {
  if (times === undefined) {
    clock = new MemoryClock()
    store = new HeldTimes(clock, { workers: free })
  }
  one = await memoryUseCases({
    clock,
    environment: { IDGEN_SERVER_WORKER_IDS: String(workerIds) },
    outside: { times: store },
  })
  const { catalog, directory } = one.useCases
  await catalog.createWorkspace(ACTOR, 'w', '')
  await catalog.createGroup(ACTOR, 'w', 'g', '')
  await catalog.createTag(ACTOR, { workspace: 'w', group: 'g', name: 'events' }, { algorithm: 'snowflake' })
  tag = await directory.resolve('w/g/events')
  await settle()
}

async function taken(count: number): Promise<IdBatch> {
  const batch = new IdBatch()
  const { generate } = one.useCases
  if (!generate.tryTake(tag, count, batch)) await generate.take(tag, count, batch)
  return batch
}

function workersOf(batch: IdBatch): readonly (number | undefined)[] {
  const runs = Array.from({ length: batch.runCount }, (_, run) => run)
  return [...new Set(runs.map((run) => decodeSnowflake(LAYOUT, batch.runHi(run), batch.runLo(run))?.worker))]
}
