import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { CoordinationSnapshot } from '../../../service/adapters/memory/memory-coordination.ts'
import { AdvanceInPlace, MaxIdPlusStep } from '../mutants/segment-mutants.ts'
import { SEGMENT_ONLY } from '../world/installation.ts'
import type { Variant } from '../world/variant.ts'
import { Stage } from './stage.ts'

/** The shortest schedules in which a model of an earlier protocol issued a number twice, against the code. */
const PROCEEDS: Variant = { rules: { proceed: true } }
const UNWITNESSED: Variant = { witness: 'off' }

/** The database comes back without its last commits, under a new history. */
function loseCommits({ cluster }: Stage, commits: number): void {
  cluster.replacePrimary(cluster.primary.before(commits), 'next')
}

describe('a database loses a commit while the next one to allocate cannot reach etcd', () => {
  async function play(variant: Variant): Promise<{ stage: Stage; last: unknown }> {
    const stage = new Stage(variant)
    await stage.allocate(stage.a)
    loseCommits(stage, 1)
    stage.cut(stage.b, 'etcd')
    return { stage, last: await stage.allocate(stage.b) }
  }

  test('the code refuses', async () => {
    const { stage, last } = await play({})
    assert.equal(last, 'IDGEN_WITNESS_UNAVAILABLE')
    stage.mustBeWhole()
  })

  test('proceeding without etcd issues the number twice', async () => {
    const { stage } = await play(PROCEEDS)
    stage.mustHaveIssuedTwice()
  })
})

describe('a database loses a commit, its history does not show it, and etcd cannot be reached', () => {
  async function play(variant: Variant): Promise<{ stage: Stage; last: unknown }> {
    const stage = new Stage(variant)
    await stage.allocate(stage.a)
    stage.cluster.primary.forgetInvisibly(1)
    stage.cut(stage.a, 'etcd')
    return { stage, last: await stage.allocate(stage.a) }
  }

  test('the code refuses, because the row promises nothing', async () => {
    const { stage, last } = await play({})
    assert.equal(last, 'IDGEN_WITNESS_UNAVAILABLE')
    stage.mustBeWhole()
  })

  test('proceeding without etcd issues the number twice', async () => {
    const { stage } = await play(PROCEEDS)
    stage.mustHaveIssuedTwice()
  })
})

describe('a standby that lacks a commit is promoted, the old primary still answers, and one cannot reach etcd', () => {
  async function play(variant: Variant): Promise<{ stage: Stage; last: unknown }> {
    const stage = new Stage(variant)
    await stage.allocate(stage.a)
    stage.cluster.splitOff(stage.cluster.primary.before(1), [stage.a.host.name])
    stage.cut(stage.b, 'etcd')
    return { stage, last: await stage.allocate(stage.b) }
  }

  test('the code refuses on the new primary and goes on below the ceiling on the old one', async () => {
    const { stage, last } = await play({})
    assert.equal(last, 'IDGEN_WITNESS_UNAVAILABLE')
    stage.cut(stage.a, 'etcd')
    assert.deepEqual(typeof (await stage.allocate(stage.a)), 'object')
    stage.mustBeWhole()
  })

  test('both reach etcd: each goes on above all that the other may hold', async () => {
    const stage = new Stage()
    await stage.allocate(stage.a)
    stage.cluster.splitOff(stage.cluster.primary.before(1), [stage.a.host.name])
    for (let round = 0; round < 4; round += 1) {
      assert.equal(typeof (await stage.allocate(stage.b)), 'object')
      assert.equal(typeof (await stage.allocate(stage.a)), 'object')
    }
    stage.mustBeWhole()
  })

  test('proceeding without etcd issues the number twice', async () => {
    const { stage } = await play(PROCEEDS)
    stage.mustHaveIssuedTwice()
  })

  test('skipping the witness issues the number twice', async () => {
    const { stage } = await play(UNWITNESSED)
    stage.mustHaveIssuedTwice()
  })
})

describe('the witness is ahead of the row after a crash, then etcd cannot be reached', () => {
  async function play(variant: Variant): Promise<Stage> {
    const stage = new Stage(variant)
    await stage.allocate(stage.b)
    // Dies between the witness and the commit.
    const commit = stage.hold(stage.a.host, /: commit/)
    void stage.a.stores.segments.allocate(2, 0, 1).catch(() => {})
    await stage.pass(100)
    assert.equal(commit.count(), 1)
    stage.world.kill(stage.a.host)
    stage.cluster.primary.dropAll()
    await stage.allocate(stage.b)
    stage.cut(stage.b, 'etcd')
    await stage.allocate(stage.b)
    return stage
  }

  test('the row was written to the end of the grant, so the next one begins there', async () => {
    const stage = await play({})
    stage.mustBeWhole()
  })

  test('max_id + step in the row issues the number twice', async () => {
    const stage = await play({ ledger: (inner) => new MaxIdPlusStep(inner) })
    stage.mustHaveIssuedTwice()
  })
})

describe('COMMIT is answered ROLLBACK, then etcd cannot be reached', () => {
  async function play(variant: Variant): Promise<{ stage: Stage; second: unknown }> {
    const stage = new Stage(variant)
    await stage.allocate(stage.a)
    stage.cluster.primary.trouble.rollback = 1
    const second = await stage.allocate(stage.a)
    stage.cluster.primary.trouble.rollback = 0
    stage.cut(stage.a, 'etcd')
    assert.equal(typeof (await stage.allocate(stage.a)), 'object')
    return { stage, second }
  }

  test('the numbers are burnt, not issued', async () => {
    const { stage, second } = await play({})
    assert.equal(second, 'IDGEN_STORE_UNAVAILABLE')
    stage.mustBeWhole()
  })

  test('counting the tag issues the number twice', async () => {
    const { stage } = await play({ counts: () => true })
    stage.mustHaveIssuedTwice()
  })
})

describe('COMMIT comes with a notice, without etcd, and the standby takes over', () => {
  async function play(variant: Variant): Promise<{ stage: Stage; first: unknown }> {
    const stage = new Stage(variant, { etcd: false, synchronous: true })
    stage.cluster.primary.trouble.notice = 1
    const first = await stage.allocate(stage.a)
    loseCommits(stage, 1)
    stage.cluster.primary.trouble.notice = 0
    assert.equal(typeof (await stage.allocate(stage.b)), 'object')
    return { stage, first }
  }

  test('the numbers are burnt, because the standby may not have them', async () => {
    const { stage, first } = await play({})
    assert.equal(first, 'IDGEN_STORE_UNAVAILABLE')
    stage.mustBeWhole()
  })

  test('counting it issues the number twice', async () => {
    const { stage } = await play({ counts: (tag) => tag !== 'ROLLBACK' })
    stage.mustHaveIssuedTwice()
  })
})

describe('both stores forget the same grant', () => {
  async function issued(): Promise<{ stage: Stage; backup: CoordinationSnapshot }> {
    const stage = new Stage()
    const backup = stage.world.etcd.snapshot()
    await stage.allocate(stage.a)
    return { stage, backup }
  }

  test('it is outside the promise, whichever is lost first, and the simulation leaves it out', async () => {
    const first = await issued()
    loseCommits(first.stage, 1)
    assert.equal(first.stage.world.limits.mayRestoreEtcd(first.backup, []), false)
    const second = await issued()
    second.stage.world.etcd.restore(second.backup)
    const { cluster, world } = second.stage
    assert.equal(world.limits.mayLosePostgres(cluster, [cluster.primary.before(1)]), false)
  })

  test('it would be issued twice: the limit is a real one', async () => {
    const { stage, backup } = await issued()
    loseCommits(stage, 1)
    stage.world.etcd.restore(backup)
    await stage.allocate(stage.b)
    stage.mustHaveIssuedTwice()
  })

  test('one alone is inside, and issues nothing twice', async () => {
    const { stage, backup } = await issued()
    assert.equal(stage.world.limits.mayRestoreEtcd(backup, []), true)
    stage.world.etcd.restore(backup)
    await stage.allocate(stage.b)
    await stage.allocate(stage.a)
    stage.mustBeWhole()
  })
})

describe('a database is rolled back invisibly inside its ceiling', () => {
  async function play(etcdAway: boolean): Promise<Stage> {
    const stage = new Stage()
    await stage.allocate(stage.a)
    if (etcdAway) stage.cut(stage.a, 'etcd')
    await stage.allocate(stage.a)
    stage.cluster.primary.forgetInvisibly(1)
    await stage.allocate(stage.a)
    return stage
  }

  test('etcd remembers how far the numbers went', async () => {
    const stage = await play(false)
    stage.mustBeWhole()
  })

  test('without etcd nobody does: a stated limit of the promise', async () => {
    const stage = await play(true)
    stage.mustHaveIssuedTwice()
  })
})

describe('a tag is advanced to a number that a grant has passed, and the process stops with the rest of it', () => {
  async function play(variant: Variant): Promise<{ stage: Stage; came: boolean }> {
    const stage = new Stage(variant, { etcd: false })
    const { a, b, world } = stage
    const { generation } = world.tag(SEGMENT_ONLY)
    const { segments } = a.stores
    const grant = await stage.act(segments.allocate(SEGMENT_ONLY, 0, 20, generation))
    const to = grant.lo + 10
    await stage.act(b.stores.allocator.advance(SEGMENT_ONLY, 0, { to }))
    world.segments.advanced(SEGMENT_ONLY, 0, to)
    const rest = { lo: grant.lo + 5, hi: grant.hi }
    const came = await stage.act(segments.giveBack(SEGMENT_ONLY, 0, rest, generation))
    await stage.allocate(b)
    return { stage, came }
  }

  test('the code leaves it burnt', async () => {
    const { stage, came } = await play({})
    assert.equal(came, false)
    stage.mustBeWhole()
  })

  test('that stays where it is is undone by the return', async () => {
    const { stage, came } = await play({ ledger: (inner) => new AdvanceInPlace(inner) })
    assert.equal(came, true)
    assert.deepEqual(
      stage.world.verdict.all.map(({ rule }) => rule),
      ['below an advance'],
    )
  })
})
