import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HOLDER, heldIn, TimeWorld, timeInEtcd } from '../../test/fixtures/time-world.ts'

/** Runs `between` once, after etcd was raised and before the copy in PostgreSQL is written. */
function beforeCopying(process: Awaited<ReturnType<typeof heldIn>>['process'], between: () => Promise<void>) {
  const { database } = process
  const replace = database.replace.bind(database)
  database.replace = async (...call) => {
    database.replace = replace
    await between()
    return await replace(...call)
  }
}

test('both stores forget in the middle of an extension, each what the other one knew: no window is given twice', async () => {
  const world = new TimeWorld()
  const nothing = world.etcd.snapshot()
  const { process: paused, hold } = await heldIn(world)
  const backup = world.tables.snapshot()
  const successor = world.process()
  let theirs: { fromMs: number; untilMs: number } | undefined
  beforeCopying(paused, async () => {
    // etcd was restored to before the hold, somebody else takes the worker id above its copy, uses a window …
    world.etcd.restore(nothing)
    world.clock.advance(1000)
    const taken = await successor.grants.acquire(world.request())
    const untilMs = world.clock.nowMs() + 1000
    assert.ok(await successor.grants.extend(taken, untilMs, 30_000))
    theirs = { fromMs: taken.untilMs, untilMs }
    // … and PostgreSQL was restored to before that.
    world.tables.restore(backup)
  })
  const window = await paused.grants.extend(hold, hold.untilMs + 5000, 30_000)
  assert.ok(theirs !== undefined && theirs.fromMs < theirs.untilMs && theirs.fromMs < hold.untilMs + 5000)
  assert.equal(window, undefined, 'the window would reach into that of the successor')
  assert.match(paused.events.at(-1)?.reason ?? '', /another process holds it/)
})

test('an etcd that forgot the time it had just granted ends the hold', async () => {
  const world = new TimeWorld()
  const { process, hold } = await heldIn(world)
  const before = world.etcd.snapshot()
  beforeCopying(process, async () => world.etcd.restore(before))
  assert.equal(await process.grants.extend(hold, hold.untilMs + 1000, 30_000), undefined)
  assert.match(process.events.at(-1)?.reason ?? '', /etcd forgot the time/)
  assert.equal(world.entry(HOLDER), undefined, 'and the worker id is let go')
})

test('an extension that could not be confirmed is not used, and goes on when it is asked for again', async () => {
  const world = new TimeWorld()
  const { process, hold } = await heldIn(world)
  beforeCopying(process, async () => {
    world.etcd.away = 'cut off'
  })
  await assert.rejects(process.grants.extend(hold, hold.untilMs + 1000, 30_000), /etcd cannot be reached/)
  world.etcd.away = undefined
  const again = await process.grants.extend(hold, hold.untilMs + 2000, 30_000)
  assert.equal(again?.untilMs, hold.untilMs + 2000)
  assert.equal(timeInEtcd(world), hold.untilMs + 2000)
})
