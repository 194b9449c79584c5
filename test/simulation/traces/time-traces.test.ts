import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  copiesNotCompared,
  copiesWithoutNonces,
  copiesWrittenLater,
  noCopies,
} from '../mutants/copy-mutants.ts'
import { DeafSnowflake, TimeOfTheList, WithoutNonces } from '../mutants/time-mutants.ts'
import type { Variant } from '../world/variant.ts'
import { Stage } from './stage.ts'

/**
 * The shortest schedules in which a model of time grants with a rule left out stamped a millisecond twice, against the
 * code: one worker id, two processes. An extension is the request that puts a time and deletes nothing.
 */
const EXTENSION = /^put \/worker-time\/(?!.*delete)/

describe('until is read by the list that chose the worker id', () => {
  /** B lists; A acquires, and extends without PostgreSQL; A's lease ends; B acquires; both stamp. */
  async function play(variant: Variant): Promise<Stage> {
    const stage = await new Stage(variant).begin()
    const { a, b } = stage
    const taking = stage.hold(b.host, /^put \/workers\//)
    const late = b.keeper.renew()
    const early = a.keeper.renew()
    await stage.refuseCopy(a, early)
    assert.equal(taking.count(), 1)
    stage.endLease()
    taking.release()
    await stage.act(late)
    stage.stamp(b)
    assert.ok(stage.stamp(a) > 0)
    return stage
  }

  test('the code reads it in the acquiring transaction, and B gets none', async () => {
    const stage = await play({})
    stage.mustBeWhole()
    assert.match(stage.b.keeper.fault ?? '', /no free worker id|took them first/)
  })

  test('read by the list a millisecond is stamped twice', async () => {
    const stage = await play({ coordinator: (inner) => new TimeOfTheList(inner) })
    stage.mustHaveIssuedTwice()
  })
})

describe('a process lowers until and goes on stamping', () => {
  async function play(variant: Variant): Promise<{ stage: Stage; after: number }> {
    const stage = await new Stage(variant).begin()
    const { a, b } = stage
    await stage.renewAndStamp(a)
    await stage.act(a.keeper.stop())
    // B begins where A stopped, and A's stamps run 20 ms ahead of its clock.
    await stage.pass(30)
    assert.ok((await stage.renewAndStamp(b)) > 0)
    return { stage, after: stage.stamp(a) }
  }

  test('the code stops every thread first', async () => {
    const { stage, after } = await play({})
    assert.equal(after, 0)
    stage.mustBeWhole()
  })

  test('with a thread that was not told a millisecond is stamped twice', async () => {
    const { stage, after } = await play({ snowflake: (options) => new DeafSnowflake(options) })
    assert.ok(after > 0)
    stage.mustHaveIssuedTwice()
  })
})

test('an extension that arrives after its holder lowered until and let go changes nothing', async () => {
  const stage = await new Stage().begin()
  const { a, b } = stage
  await stage.renewAndStamp(a)
  const late = stage.hold(a.host, EXTENSION)
  await stage.act(a.keeper.renew())
  assert.equal(late.count(), 1)
  await stage.act(a.keeper.stop())
  late.release()
  await stage.pass(100)
  assert.ok((await stage.renewAndStamp(b)) > 0)
  stage.mustBeWhole()
})

describe('etcd is restored to before a window', () => {
  async function play(variant: Variant, bumpRevision = false): Promise<{ stage: Stage; second: number }> {
    const stage = await new Stage(variant).begin()
    const { a, b, world } = stage
    const backup = world.etcd.snapshot()
    await stage.renewAndStamp(a)
    world.etcd.restore(backup, { bumpRevision })
    const second = await stage.renewAndStamp(b)
    stage.stamp(a)
    return { stage, second }
  }

  test('the copy in PostgreSQL remembers it, with a revision bump and without', async () => {
    for (const bumpRevision of [false, true]) {
      const { stage, second } = await play({}, bumpRevision)
      assert.equal(second, 0)
      stage.mustBeWhole()
    }
  })

  test('without a copy a millisecond is stamped twice', async () => {
    const { stage } = await play({ copies: noCopies })
    stage.mustHaveIssuedTwice()
  })

  test('with a copy that is written after the use a millisecond is stamped twice', async () => {
    let write: () => void = () => {}
    const { stage } = await play({
      copies: (inner) =>
        copiesWrittenLater(inner, (later) => {
          write = later
        }),
    })
    stage.mustHaveIssuedTwice()
    write()
  })
})

describe('etcd is restored while an extension is on its way, and its revisions come again', () => {
  /** A's holder key is gone with the restore; B's gets the same create-revision, and then A's extension arrives. */
  async function play(variant: Variant): Promise<Stage> {
    const stage = await new Stage(variant).begin()
    const { a, b, world } = stage
    const backup = world.etcd.snapshot()
    const extensions = [stage.hold(a.host, EXTENSION), stage.hold(b.host, EXTENSION)]
    const renewals = [a.keeper.renew()]
    await stage.pass(100)
    world.etcd.restore(backup)
    renewals.push(b.keeper.renew())
    await stage.pass(100)
    for (const extension of extensions) {
      assert.equal(extension.count(), 1)
      extension.release()
      await stage.pass(100)
    }
    await stage.act(Promise.all(renewals))
    stage.stamp(a)
    stage.stamp(b)
    return stage
  }

  test('the nonce tells the two holds apart', async () => {
    const stage = await play({})
    stage.mustBeWhole()
    assert.notEqual(stage.b.keeper.worker, undefined)
  })

  test('without nonces a millisecond is stamped twice', async () => {
    const stage = await play({
      coordinator: (inner) => new WithoutNonces(inner),
      copies: copiesWithoutNonces,
    })
    stage.mustHaveIssuedTwice()
  })
})

describe('a restored etcd revives an old holder, whose extension is still on its way', () => {
  async function play(variant: Variant, bumpRevision: boolean): Promise<Stage> {
    const stage = await new Stage(variant).begin()
    const { a, b, world } = stage
    const late = stage.hold(a.host, EXTENSION)
    const renewal = a.keeper.renew()
    await stage.pass(100)
    assert.equal(late.count(), 1)
    const backup = world.etcd.snapshot()
    stage.endLease()
    assert.ok((await stage.renewAndStamp(b)) > 0)
    world.etcd.restore(backup, { bumpRevision })
    late.release()
    await stage.act(renewal)
    stage.stamp(a)
    return stage
  }

  test('the copy is not as that holder saw it, so it is refused, with a revision bump and without', async () => {
    for (const bumpRevision of [false, true]) {
      const stage = await play({}, bumpRevision)
      stage.mustBeWhole()
      assert.equal(stage.a.keeper.worker, undefined)
    }
  })

  test('with a copy that is read at the start only a millisecond is stamped twice', async () => {
    for (const bumpRevision of [false, true]) {
      const stage = await play({ copies: copiesNotCompared }, bumpRevision)
      stage.mustHaveIssuedTwice()
    }
  })
})

describe('PostgreSQL was away while a window was used, and etcd is restored to before it', () => {
  async function used(): Promise<{ stage: Stage; restore: () => void; permitted: boolean }> {
    const stage = await new Stage().begin()
    const { a, world } = stage
    const backup = world.etcd.snapshot()
    const renewal = a.keeper.renew()
    await stage.cutBeforeCopy(a, 'pg0')
    await stage.act(renewal)
    assert.ok(stage.stamp(a) > 0)
    const permitted = world.limits.mayRestoreEtcd(backup, [])
    return { stage, permitted, restore: () => world.etcd.restore(backup) }
  }

  test('it is outside the promise, and the simulation leaves it out', async () => {
    const { permitted } = await used()
    assert.equal(permitted, false)
  })

  test('a millisecond would be stamped twice: the limit is a real one', async () => {
    const { stage, restore } = await used()
    restore()
    await stage.renewAndStamp(stage.b)
    stage.stamp(stage.a)
    stage.mustHaveIssuedTwice()
  })
})

describe('etcd is restored to before a window, and then the next to acquire cannot reach PostgreSQL', () => {
  /** Only the copy knows of A's window, and nobody can ask it. */
  async function play(): Promise<{ stage: Stage; mustAnswer: boolean }> {
    const stage = await new Stage().begin()
    const { a, b, world } = stage
    const backup = world.etcd.snapshot()
    await stage.renewAndStamp(a)
    world.limits.restoring(backup)
    world.etcd.restore(backup)
    const mustAnswer = world.limits.copiesMustAnswer(0)
    world.network.heal()
    stage.cut(b, 'pg0')
    return { stage, mustAnswer }
  }

  test('the simulation does not let PostgreSQL be away then', async () => {
    const { mustAnswer } = await play()
    assert.equal(mustAnswer, true)
  })
})

describe('both stores forget the same window', () => {
  async function forgotten(): Promise<Stage> {
    const stage = await new Stage().begin()
    const { a, world } = stage
    const backup = world.etcd.snapshot()
    assert.ok((await stage.renewAndStamp(a)) > 0)
    await stage.pass(10_000)
    assert.equal(world.limits.mayRestoreEtcd(backup, []), true)
    world.limits.restoring(backup)
    world.etcd.restore(backup)
    return stage
  }

  test('it is outside the promise, and the simulation leaves it out', async () => {
    const { world, cluster } = await forgotten()
    assert.equal(world.limits.mayLosePostgres(cluster, [cluster.primary.before(1)]), false)
    assert.equal(world.limits.copiesMustAnswer(0), true)
  })

  test('a millisecond would be stamped twice: the limit is a real one', async () => {
    const stage = await forgotten()
    stage.cluster.replacePrimary(stage.cluster.primary.before(1), 'next')
    await stage.renewAndStamp(stage.b)
    stage.stamp(stage.a)
    stage.mustHaveIssuedTwice()
  })
})
