import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { rejectsWith } from '../../test/contracts/rejects-with.ts'
import { heldIn, TimeWorld } from '../../test/fixtures/time-world.ts'
import type { TimeHold } from '../ports/time-grant-store.ts'

describe('a restored etcd (trap 7)', () => {
  /** A held and extended; the backup is from before; then etcd is put back to it. */
  async function restored(bumpRevision: boolean) {
    const world = new TimeWorld()
    const early = world.process()
    await early.grants.release(await early.grants.acquire(world.request()), 0)
    const before = world.etcd.snapshot()
    const { process, hold, nowMs } = await heldIn(world)
    const during = world.etcd.snapshot()
    const restore = (which: typeof before) => world.etcd.restore(which, { bumpRevision })
    return { world, process, hold, nowMs, before, during, restore }
  }

  for (const bumpRevision of [false, true]) {
    const how = bumpRevision ? 'with its revisions raised' : 'with its revisions repeating'

    test(`trap 7: etcd restored ${how} to before a hold lets no second hold share a millisecond`, async () => {
      const { world, process, hold, nowMs, before, restore } = await restored(bumpRevision)
      restore(before)
      const other = world.process()
      await rejectsWith('IDGEN_WORKER_UNAVAILABLE', other.grants.acquire(world.request()))
      world.clock.advance(1000)
      const second = await other.grants.acquire(world.request())
      assert.equal(second.untilMs, nowMs + 1000, 'the copy remembers')
      assert.equal(await process.grants.extend(hold, nowMs + 3000), undefined)
      assert.ok(await other.grants.extend(second, nowMs + 4000))
    })

    test(`trap 7: etcd restored ${how} to when an old hold lived meets the copy`, async () => {
      const { world, process, hold, nowMs, during, restore } = await restored(bumpRevision)
      world.clock.advance(40_000)
      const other = world.process()
      const second = await other.grants.acquire(world.request())
      assert.ok(await other.grants.extend(second, nowMs + 50_000))
      restore(during)
      assert.equal(await process.grants.extend(hold, nowMs + 60_000), undefined, 'the zombie')
      assert.match(process.events.at(-1)?.reason ?? '', /copy in PostgreSQL is not as this hold left it/)
    })
  }

  test('the same create-revision comes again, and the nonce tells the two holds apart', async () => {
    const world = new TimeWorld()
    const early = world.process()
    await early.grants.release(await early.grants.acquire(world.request()), 0)
    const backup = world.etcd.snapshot()
    const a = world.process()
    const first = await a.grants.acquire(world.request())
    world.etcd.restore(backup)
    const b = world.process()
    const second = await b.grants.acquire(world.request())
    assert.equal(second.revision, first.revision)
    assert.equal(await a.grants.extend(first, world.clock.nowMs() + 1000), undefined)
    assert.ok(await b.grants.extend(second, world.clock.nowMs() + 1000))
  })

  test('where two holds pass etcd only one passes the copy', async () => {
    const world = new TimeWorld()
    const empty = world.process()
    await empty.grants.release(await empty.grants.acquire(world.request()), 0)
    const backup = world.etcd.snapshot()
    const nowMs = world.clock.nowMs()
    const a = world.process()
    const first = await a.grants.acquire(world.request())
    const replace = a.database.replace.bind(a.database)
    let second: TimeHold | undefined
    const b = world.process()
    // Between etcd's yes and the copy of A: etcd is restored, and B takes the worker id.
    a.database.replace = async (...args) => {
      world.etcd.restore(backup)
      second = await b.grants.acquire(world.request())
      assert.ok(await b.grants.extend(second, nowMs + 2000))
      return await replace(...args)
    }
    assert.equal(await a.grants.extend(first, nowMs + 1000), undefined)
  })
})

describe('PostgreSQL away', () => {
  test('lets the hold go on, flagged once, and is told when the copy caught up', async () => {
    const world = new TimeWorld()
    const { process, hold, nowMs } = await heldIn(world)
    process.database.away = 'cut off'
    const one = await process.grants.extend(hold, nowMs + 2000)
    assert.ok(one)
    const two = await process.grants.extend(one, nowMs + 3000)
    assert.ok(two)
    assert.deepEqual(process.flags, ['copy-behind'])
    assert.match(process.grants.flagged ?? '', /cut off/)
    assert.equal(process.grants.copiesMissed, 2)
    process.database.away = undefined
    assert.ok(await process.grants.extend(two, nowMs + 4000))
    assert.deepEqual(process.flags, ['copy-behind', 'copy-caught-up'])
    assert.equal(process.grants.flagged, undefined)
    assert.equal((await world.database.read(0, 0)).untilMs, nowMs + 4000)
  })

  test('that hangs holds an extension up for two seconds and no longer', async () => {
    const world = new TimeWorld()
    const { process, hold, nowMs } = await heldIn(world)
    process.database.replace = () => new Promise(() => {})
    const extending = process.grants.extend(hold, nowMs + 2000)
    for (let i = 0; i < 20; i += 1) await Promise.resolve()
    world.clock.advance(2000)
    assert.ok(await extending)
    assert.match(process.grants.flagged ?? '', /did not answer within 2000 ms/)
    assert.equal(world.clock.pending, 1, 'the alarm of the lease alone is left')
  })

  test('that refuses for another reason than being away ends the try, not the hold', async () => {
    const world = new TimeWorld()
    const { process, hold, nowMs } = await heldIn(world)
    const replace = process.database.replace.bind(process.database)
    process.database.replace = async () => {
      throw new Error('a fault of ours')
    }
    await assert.rejects(process.grants.extend(hold, nowMs + 2000), /a fault of ours/)
    process.database.replace = replace
    assert.ok(await process.grants.extend(hold, nowMs + 2000))
  })
})
