import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Compare } from '../../../service/ports/coordinator.ts'
import { comparesHold, comparesHolder, WithoutCompares } from '../mutants/mutant-coordinator.ts'
import { alwaysConfirms, BlindReturn } from '../mutants/segment-mutants.ts'
import { LeaseTimerSnowflake, LongRunSnowflake } from '../mutants/time-mutants.ts'
import { SEGMENT_ONLY } from '../world/installation.ts'
import type { Variant } from '../world/variant.ts'
import { Stage } from './stage.ts'

/** Schedules for rules that no model was made of, in as few steps as we found. */

describe('a holder comes back after its lease, between its successor and the first extension of that one', () => {
  /**
   * PostgreSQL does not answer B's extension, so that only etcd can tell the two apart. B's clock is ahead, so that it
   * asks for no less than A has: etcd never seems to have forgotten anything.
   */
  async function play(variant: Variant): Promise<Stage> {
    const stage = await new Stage(variant).begin()
    const { a, b } = stage
    await stage.act(a.keeper.renew())
    await stage.pass(40_000)
    b.host.clock.step(5000)
    const extension = stage.hold(b.host, /^put \/worker-time\//)
    const renewal = b.keeper.renew()
    await stage.pass(100)
    assert.equal(extension.count(), 1)
    stage.cut(b, 'pg0')
    await stage.act(a.keeper.renew())
    extension.release()
    await stage.act(renewal)
    assert.ok(stage.stamp(b) > 0)
    await stage.pass(b.host.clock.nowMs() - a.host.clock.nowMs() - 1)
    stage.stamp(a)
    return stage
  }

  function without(drops: (compare: Compare) => boolean): Variant {
    return { coordinator: (inner) => new WithoutCompares(inner, drops) }
  }

  test('the code compares who holds the worker id, and A is refused', async () => {
    const stage = await play({})
    stage.mustBeWhole()
    assert.equal(stage.a.keeper.worker, undefined)
  })

  test('not compared a millisecond is stamped twice', async () => {
    const stage = await play(without(comparesHold))
    stage.mustHaveIssuedTwice()
  })

  test('either half of the compare, the create-revision or the nonce, is enough here', async () => {
    const halves = [
      await play(
        without((compare) => comparesHold(compare) && !('value' in compare && comparesHolder(compare))),
      ),
      await play(
        without(
          (compare) => comparesHold(compare) && !('createRevision' in compare && comparesHolder(compare)),
        ),
      ),
    ]
    for (const stage of halves) stage.mustBeWhole()
  })
})

describe('a machine is suspended past its lease and its window, and its monotonic clock stood still', () => {
  async function play(variant: Variant): Promise<{ stage: Stage; after: number }> {
    const stage = await new Stage(variant).begin()
    const { a, b } = stage
    await stage.act(a.keeper.renew())
    a.host.pause(true)
    await stage.pass(61_000)
    a.host.resume()
    assert.ok((await stage.renewAndStamp(b)) > 0)
    return { stage, after: stage.stamp(a) }
  }

  test('the window ended, whatever the lease timer says', async () => {
    const { stage, after } = await play({})
    assert.equal(after, 0)
    stage.mustBeWhole()
  })

  test('with the lease timer alone a millisecond is stamped twice', async () => {
    const { stage } = await play({ snowflake: (options) => new LeaseTimerSnowflake(options) })
    stage.mustHaveIssuedTwice()
  })
})

describe('a batch is larger than what is left of a millisecond', () => {
  async function play(variant: Variant): Promise<Stage> {
    const stage = new Stage(variant, { workers: 2 })
    const { a, b } = stage
    await stage.act(Promise.all([a.keeper.renew(), b.keeper.renew()]))
    await stage.pass(100)
    stage.stamp(a)
    stage.stamp(b)
    return stage
  }

  test('it goes on in the next millisecond', async () => {
    const stage = await play({})
    stage.mustBeWhole()
  })

  test('in one run it would take the numbers of the next worker id', async () => {
    const stage = await play({ snowflake: (options) => new LongRunSnowflake(options) })
    stage.mustHaveIssuedTwice()
  })
})

describe('leftovers come back after somebody took more', () => {
  async function play(variant: Variant): Promise<{ stage: Stage; returned: boolean }> {
    const stage = new Stage(variant, { etcd: false })
    const { a, b } = stage
    const grant = await stage.act(a.stores.segments.allocate(SEGMENT_ONLY, 0, 10))
    await stage.allocate(b, 10)
    const unused = { lo: grant.lo + 5, hi: grant.hi }
    const returned = await stage.act(a.stores.segments.giveBack(SEGMENT_ONLY, 0, unused))
    await stage.allocate(b, 10)
    return { stage, returned }
  }

  test('they stay burnt', async () => {
    const { stage, returned } = await play({})
    assert.equal(returned, false)
    stage.mustBeWhole()
  })

  test('taken back without a compare the numbers after them are issued twice', async () => {
    const { stage } = await play({ store: (inner, ledger) => new BlindReturn(inner, ledger) })
    stage.mustHaveIssuedTwice()
  })
})

describe('Redis hands out a block a second time', () => {
  async function play(variant: Variant): Promise<Stage> {
    const stage = new Stage(variant, { redis: true, blocks: 2 })
    const { a, b, c, world } = stage
    const { generation } = world.tag(SEGMENT_ONLY)
    const blocks = async () => [{ tagId: SEGMENT_ONLY, generation, dc: 0, step: 5 }]
    await stage.act(a.stores.shared?.prewarm(blocks) ?? Promise.resolve())
    const redis = world.redisOf(0)
    const dump = redis.snapshot()
    const { runId } = redis
    await stage.allocate(b, 5)
    // A fail-over and a fail-back: run_id is that of before, and so are the blocks.
    redis.failOver()
    redis.failBack(runId)
    redis.restore(dump)
    await stage.allocate(c, 5)
    return stage
  }

  test('etcd says that it is taken, and so does the identity of the server', async () => {
    const stage = await play({})
    stage.mustBeWhole()
  })

  test('the confirmation in etcd is enough where the identity shows nothing', async () => {
    const stage = await play({ identityOf: (runId) => String(runId) })
    stage.mustBeWhole()
    assert.equal(stage.c.stores.shared?.dropped, 1)
  })

  test('bound to run_id alone its numbers are issued twice', async () => {
    const stage = await play({ identityOf: (runId) => String(runId), blockCoordinator: alwaysConfirms })
    stage.mustHaveIssuedTwice()
  })
})
