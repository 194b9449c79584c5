import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { rejectsWith } from '../../test/contracts/rejects-with.ts'
import { HOLDER, heldIn, TIME, TimeWorld, timeInEtcd } from '../../test/fixtures/time-world.ts'
import { authorityKey } from '../core/coordination-keys.ts'
import { IdgenError } from '../core/errors.ts'

describe('extending', () => {
  test('raises etcd, then the copy, asks etcd once more, and only then gives the window', async () => {
    const world = new TimeWorld()
    const order: string[] = []
    const { process, hold, nowMs } = await heldIn(world)
    process.coordinator.before = (call) => void (call === 'transact' && order.push('etcd'))
    const replace = process.database.replace.bind(process.database)
    process.database.replace = async (...args) => {
      order.push('PostgreSQL')
      return await replace(...args)
    }
    assert.deepEqual(await process.grants.extend(hold, nowMs + 2000), { ...hold, untilMs: nowMs + 2000 })
    assert.deepEqual(order, ['etcd', 'PostgreSQL', 'etcd'])
    assert.deepEqual(JSON.parse(world.entry(TIME)?.value ?? ''), {
      untilMs: nowMs + 2000,
      nonce: hold.nonce,
    })
    assert.deepEqual(await world.database.read(0, 0), { untilMs: nowMs + 2000, nonce: hold.nonce })
  })

  test('whose answer was lost is taken again, also further, and what arrives late changes nothing', async () => {
    for (const fate of ['lost', 'reply lost', 'late'] as const) {
      const world = new TimeWorld()
      const { process, hold, nowMs } = await heldIn(world)
      process.coordinator.fate = () => fate
      await rejectsWith('IDGEN_COORDINATION_UNAVAILABLE', process.grants.extend(hold, nowMs + 2000))
      process.coordinator.fate = () => 'done'
      const further = await process.grants.extend(hold, nowMs + 3000)
      assert.equal(further?.untilMs, nowMs + 3000, fate)
      await process.coordinator.arrive()
      assert.equal(timeInEtcd(world), nowMs + 3000)
      assert.ok(further && (await process.grants.extend(further, nowMs + 4000)))
    }
  })

  test('trap 6: a process paused past its lease is refused for good, before and after somebody took its worker id', async () => {
    for (const takenOver of [false, true]) {
      const world = new TimeWorld()
      const { process, hold, nowMs } = await heldIn(world)
      world.clock.advance(40_000)
      const other = takenOver ? await world.process().grants.acquire(world.request()) : undefined
      assert.equal(await process.grants.extend(hold, nowMs + 50_000), undefined)
      assert.deepEqual(process.flags, ['hold-refused'])
      assert.match(
        process.events[0]?.reason ?? '',
        takenOver ? /another process holds it/ : /its lease ran out/,
      )
      assert.equal(await process.grants.extend(hold, nowMs + 50_000), undefined, 'it ended for good')
      assert.equal(await process.grants.release(hold, nowMs), false)
      assert.equal(timeInEtcd(world), nowMs + 1000, 'what it tried left no trace')
      if (other !== undefined) assert.equal(other.untilMs, nowMs + 1000)
      assert.ok(
        other === undefined || world.entry(HOLDER)?.createRevision === other.revision,
        'nor on the other',
      )
    }
  })

  test('is refused when the record of its time was edited, lowered or removed', async () => {
    for (const edit of [
      (nowMs: number) => JSON.stringify({ untilMs: nowMs - 5000, nonce: 'x' }),
      (nowMs: number) => JSON.stringify({ untilMs: nowMs + 900_000, nonce: 'x' }),
      () => 'nonsense',
    ]) {
      const world = new TimeWorld()
      const { process, hold, nowMs } = await heldIn(world)
      world.put(TIME, edit(nowMs))
      assert.equal(await process.grants.extend(hold, nowMs + 2000), undefined)
      assert.match(process.events[0]?.reason ?? '', /restored, or somebody edited it/)
      assert.equal(world.entry(HOLDER), undefined, 'it lets the worker id go')
    }
  })

  test('never takes a time that another hold wrote for its own earlier try', async () => {
    const world = new TimeWorld()
    const { process, hold, nowMs } = await heldIn(world)
    process.database.away = 'cut off'
    world.put(TIME, JSON.stringify({ untilMs: nowMs + 1500, nonce: '' }))
    assert.equal(await process.grants.extend(hold, nowMs + 2000), undefined)
  })

  test('is refused when the authority moved, and says what the record says now', async () => {
    const world = new TimeWorld()
    const { process, hold, nowMs } = await heldIn(world)
    world.put(authorityKey(0), JSON.stringify({ store: 'moving', layoutHash: 'layout-a' }))
    assert.equal(await process.grants.extend(hold, nowMs + 2000), undefined)
    assert.match(process.events[0]?.reason ?? '', /authority record says .*moving/)
  })

  test('trap 21: two processes that present the same hold do not both extend it', async () => {
    const world = new TimeWorld()
    const { hold, nowMs } = await heldIn(world)
    assert.equal(await world.process().grants.extend(hold, nowMs + 2000), undefined)
    assert.equal(await world.process().grants.release(hold, nowMs), false)
  })

  test('the create-revision tells two holds apart whose records are equal to the letter', async () => {
    const world = new TimeWorld()
    const request = world.request()
    const one = world.process()
    const first = await one.grants.acquire(request)
    world.etcd.transact({ compare: [], change: [{ delete: HOLDER }] })
    const two = world.process()
    const second = await two.grants.acquire(request)
    assert.equal(await one.grants.extend(first, world.clock.nowMs() + 1000), undefined)
    assert.ok(await two.grants.extend(second, world.clock.nowMs() + 1000))
  })

  test('a window is never lowered by it', async () => {
    const world = new TimeWorld()
    const { process, hold, nowMs } = await heldIn(world)
    await assert.rejects(process.grants.extend(hold, nowMs), /never lowers/)
  })

  test('a keep-alive that fails or hangs does not end the hold', async () => {
    const world = new TimeWorld()
    const { process, hold, nowMs } = await heldIn(world)
    process.coordinator.keepAlive = async () => {
      throw new IdgenError('IDGEN_COORDINATION_UNAVAILABLE', 'no answer')
    }
    assert.ok(await process.grants.extend(hold, nowMs + 2000))
  })
})

describe('releasing', () => {
  test('lowers PostgreSQL first, then etcd, and lets go', async () => {
    const world = new TimeWorld()
    const { process, hold, nowMs } = await heldIn(world)
    process.coordinator.fate = () => {
      assert.equal(timeInEtcd(world), nowMs + 1000)
      return 'done'
    }
    let lowered = false
    process.coordinator.before = async (call) => {
      if (call === 'transact') lowered ||= (await world.database.read(0, 0)).untilMs === nowMs + 10
    }
    assert.equal(await process.grants.release(hold, nowMs + 10), true)
    assert.ok(lowered, 'PostgreSQL was lowered before etcd was asked')
    assert.equal(timeInEtcd(world), nowMs + 10)
    assert.equal(world.entry(HOLDER), undefined)
  })

  test('lowers nothing where PostgreSQL is away, was missed or belongs to another hold, and lets go all the same', async () => {
    for (const spoil of ['away', 'missed', 'other'] as const) {
      const world = new TimeWorld()
      const { process, hold, nowMs } = await heldIn(world)
      let last = hold
      if (spoil === 'missed') {
        process.database.away = 'cut off'
        last = (await process.grants.extend(hold, nowMs + 2000)) ?? hold
        process.database.away = undefined
      }
      if (spoil === 'away') process.database.away = 'cut off'
      const copy = await world.database.read(0, 0)
      if (spoil === 'other') await world.database.replace(0, 0, copy, { ...copy, nonce: 'other' })
      assert.equal(await process.grants.release(last, nowMs + 10), true, spoil)
      assert.equal(timeInEtcd(world), last.untilMs, spoil)
      assert.equal(world.entry(HOLDER), undefined)
    }
  })

  test('trap 5: a hold that lost its worker id lowers nothing on its way out', async () => {
    const world = new TimeWorld()
    const { process, hold, nowMs } = await heldIn(world)
    world.clock.advance(40_000)
    const other = world.process()
    const second = await other.grants.acquire(world.request())
    const extended = await other.grants.extend(second, nowMs + 60_000)
    assert.ok(extended)
    assert.equal(await process.grants.release(hold, nowMs + 10), false)
    assert.equal(timeInEtcd(world), nowMs + 60_000)
    assert.equal((await world.database.read(0, 0)).untilMs, nowMs + 60_000)
    assert.equal(world.entry(HOLDER)?.createRevision, second.revision)
    assert.ok(await other.grants.extend(extended, nowMs + 70_000))
  })

  test('trap 5: a lowering that arrives late, after a successor extended, changes nothing', async () => {
    const world = new TimeWorld()
    const { process, hold, nowMs } = await heldIn(world)
    process.coordinator.fate = () => 'late'
    await rejectsWith('IDGEN_COORDINATION_UNAVAILABLE', process.grants.release(hold, nowMs + 10))
    world.clock.advance(31_000)
    const other = world.process()
    const second = await other.grants.acquire(world.request())
    assert.equal(second.untilMs, nowMs + 1000, 'etcd was not lowered')
    assert.ok(await other.grants.extend(second, nowMs + 60_000))
    await process.coordinator.arrive()
    assert.equal(timeInEtcd(world), nowMs + 60_000)
  })

  test('never goes below what the hold began with, and a hold ends once', async () => {
    const world = new TimeWorld()
    const { process, hold, nowMs } = await heldIn(world)
    assert.equal(await process.grants.release(hold, nowMs + 500), true)
    world.clock.advance(600)
    const second = await process.grants.acquire(world.request())
    const extended = await process.grants.extend(second, nowMs + 5000)
    assert.ok(extended && (await process.grants.release(extended, 5)))
    assert.equal(timeInEtcd(world), nowMs + 500)
    assert.equal(await process.grants.release(extended, 5), false)
  })

  test('gives the lease back also when etcd does not answer the rest', async () => {
    const world = new TimeWorld()
    const { process, hold, nowMs } = await heldIn(world)
    process.coordinator.fate = () => 'lost'
    await rejectsWith('IDGEN_COORDINATION_UNAVAILABLE', process.grants.release(hold, nowMs + 10))
    assert.equal(world.entry(HOLDER), undefined)
  })
})
