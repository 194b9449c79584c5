import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { placeAtOrAbove } from '../../../service/core/cells.ts'
import { datedFloor } from '../../../service/core/dated-grant.ts'
import { dateText, periodOf, serialOf } from '../../../service/core/dated-numbers.ts'
import { CountSetBack } from '../mutants/segment-mutants.ts'
import { DATED } from '../world/installation.ts'
import type { SimProcess } from '../world/sim-process.ts'
import type { Variant } from '../world/variant.ts'
import { Stage } from './stage.ts'

/** Schedules in which a date is begun, lost, and begun again, with the clocks of the databases against it. */
const DAY_MS = 86_400_000
/** Past the midnight some seconds after the beginning (EPOCH_MS). */
const OVER_MIDNIGHT_MS = 6000
/** More restarts than a date has room for, at a share of 2 % each. */
const MANY = 100

/** `yyyymmdd/serial` of the first number granted, or the code of the refusal. */
async function granted(stage: Stage, process: SimProcess, step = 5): Promise<string> {
  const grant = await stage.allocate(process, step, DATED)
  if (typeof grant === 'string') return grant
  const { space } = stage.world.tag(DATED)
  return `${dateText('day', periodOf(space, grant.lo))}/${serialOf(space, grant.lo)}`
}

function loseCommits({ cluster }: Stage, commits: number): void {
  cluster.replacePrimary(cluster.primary.before(commits), 'next')
}

describe('the clock of the database goes back over midnight', () => {
  async function play(variant: Variant, etcd: boolean): Promise<{ stage: Stage; seen: string[] }> {
    const stage = new Stage(variant, { etcd, synchronous: true })
    const seen = [await granted(stage, stage.a)]
    await stage.pass(OVER_MIDNIGHT_MS)
    seen.push(await granted(stage, stage.a))
    stage.cluster.primary.aheadMs = -DAY_MS
    seen.push(await granted(stage, stage.b))
    stage.cluster.primary.aheadMs = 0
    seen.push(await granted(stage, stage.a))
    return { stage, seen }
  }

  for (const etcd of [true, false])
    test(`the date that was begun goes on ${etcd ? 'with' : 'without'} etcd`, async () => {
      const { stage, seen } = await play({}, etcd)
      assert.deepEqual(seen, ['20251231/1', '20260101/1', '20260101/6', '20260101/11'])
      stage.mustBeWhole()
    })

  test('with a count that is set back the ID is issued twice', async () => {
    const { stage } = await play({ ledger: (inner) => new CountSetBack(inner) }, false)
    stage.mustHaveIssuedTwice()
  })
})

describe('a database loses all that was granted of today', () => {
  async function afterMidnight(): Promise<Stage> {
    const stage = new Stage()
    await granted(stage, stage.a)
    await stage.pass(OVER_MIDNIGHT_MS)
    assert.equal(await granted(stage, stage.a), '20260101/1')
    return stage
  }

  test('it goes on above the ceiling of today', async () => {
    const stage = await afterMidnight()
    loseCommits(stage, 1)
    assert.match(await granted(stage, stage.b), /^20260101\/(?!1$)\d+$/)
    stage.mustBeWhole()
  })

  test('without etcd it refuses, whichever date its clock has', async () => {
    const stage = await afterMidnight()
    loseCommits(stage, 1)
    stage.cut(stage.b, 'etcd')
    for (const aheadMs of [0, -DAY_MS, DAY_MS, 40 * DAY_MS]) {
      stage.cluster.primary.aheadMs = aheadMs
      assert.equal(await granted(stage, stage.b), 'IDGEN_WITNESS_UNAVAILABLE')
    }
    stage.mustBeWhole()
  })

  test('a clock of yesterday in its successor grants nothing of today, nor of yesterday again', async () => {
    const stage = await afterMidnight()
    loseCommits(stage, 1)
    stage.cluster.primary.aheadMs = -DAY_MS
    assert.equal(await granted(stage, stage.b), 'IDGEN_RANGE_EXHAUSTED')
    stage.cluster.primary.aheadMs = 0
    assert.match(await granted(stage, stage.b), /^20260101\//)
    stage.mustBeWhole()
  })
})

describe('a standby is promoted at midnight, and the old primary still answers', () => {
  test('of two clocks on either side of midnight nobody gives a number of the other', async () => {
    const stage = new Stage()
    await granted(stage, stage.a)
    const { cluster } = stage
    cluster.splitOff(cluster.primary.before(1), [stage.a.host.name])
    cluster.primary.aheadMs = DAY_MS
    for (let round = 0; round < 4; round += 1) {
      assert.match(await granted(stage, stage.b), /^20260101\//)
      // The date that the other one opened has not come by its clock.
      assert.equal(await granted(stage, stage.a), 'IDGEN_RANGE_EXHAUSTED')
    }
    await stage.pass(OVER_MIDNIGHT_MS)
    assert.match(await granted(stage, stage.a), /^2026010/)
    stage.mustBeWhole()
  })
})

describe('a date is used up by restarts of the database', () => {
  test('the next one begins with its first number, and none of it is given before', async () => {
    const stage = new Stage()
    const step = Math.floor(stage.world.tag(DATED).space.cellSize / 100)
    let last = ''
    for (let restart = 0; restart < MANY && last !== 'IDGEN_RANGE_EXHAUSTED'; restart += 1) {
      last = await granted(stage, stage.a, step)
      assert.match(last, /^20251231\/|^IDGEN_RANGE_EXHAUSTED$/)
      // The day does not end meanwhile.
      stage.cluster.primary.aheadMs = -3600_000
      stage.cluster.replacePrimary(stage.cluster.primary.state, 'same')
      stage.cluster.primary.aheadMs = -3600_000
    }
    assert.equal(last, 'IDGEN_RANGE_EXHAUSTED')
    stage.cluster.primary.aheadMs = 0
    await stage.pass(OVER_MIDNIGHT_MS)
    assert.equal(await granted(stage, stage.b), '20260101/1')
    stage.mustBeWhole()
  })
})

describe('data centres with databases of their own', () => {
  const BOTH = { dcs: [0, 1], hostsPerDc: 2, databases: 'each' } as const

  test('each has its share of a date, whatever the clock of the other says', async () => {
    const stage = new Stage({}, BOTH)
    const { a, c, world } = stage
    const { space } = world.tag(DATED)
    world.clusterOf(1).primary.aheadMs = 2 * DAY_MS
    assert.equal(await granted(stage, a), '20251231/1')
    assert.equal(await granted(stage, c), `20260102/${space.cellSize + 1}`)
    world.clusterOf(1).primary.aheadMs = -2 * DAY_MS
    assert.equal(await granted(stage, c), `20260102/${space.cellSize + 6}`)
    await stage.pass(OVER_MIDNIGHT_MS)
    assert.equal(await granted(stage, a), '20260101/1')
    stage.mustBeWhole()
  })

  test('an advance by one database moves the other one within the date alone', async () => {
    const stage = new Stage({}, BOTH)
    const { a, c, world } = stage
    const { space } = world.tag(DATED)
    assert.equal(await granted(stage, c), `20251231/${space.cellSize + 1}`)
    const moved = await stage.act(a.stores.allocator.advance(DATED, 1, { by: 100_000_000 }))
    const today = placeAtOrAbove(space, 1, datedFloor(space, world.clusterOf(1).primary.wallMs))
    assert.equal(moved, today?.hi)
    assert.equal(await granted(stage, c), 'IDGEN_RANGE_EXHAUSTED')
    await stage.pass(OVER_MIDNIGHT_MS)
    assert.equal(await granted(stage, c), `20260101/${space.cellSize + 1}`)
    stage.mustBeWhole()
  })
})
