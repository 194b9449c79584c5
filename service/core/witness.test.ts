import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { SEGMENT_LIMIT } from './tag.ts'
import {
  type GrantPlan,
  planGrant,
  planReturn,
  type WitnessedRow,
  type WitnessRecord,
  type WitnessView,
} from './witness.ts'

const SPACE = { startAt: 0, cellSize: 1000, dcCount: 1 }
const RULES = { headroomSteps: 10, proceed: false }
const ROW: WitnessedRow = {
  space: SPACE,
  cell: 0,
  nextValue: 0,
  ceiling: 0,
  ceilingHistory: '',
  history: 'h1',
}

function plan(row: Partial<WitnessedRow>, view: WitnessView, step = 10, atLeast = 0): GrantPlan {
  const made = planGrant({ ...ROW, ...row }, view, { dc: 0, step, atLeast }, RULES)
  assert.ok(typeof made === 'object', `refused: ${String(made)}`)
  return made
}

function record(used: number, ceiling: number, history = 'h1'): WitnessRecord {
  return { used, ceiling, history }
}

describe('with etcd', () => {
  test('the first grant begins where the row stands and promises a ceiling ahead of it', () => {
    const { grant, row, record: after, finding } = plan({}, 'none')
    assert.deepEqual(grant, { lo: 0, hi: 10 })
    assert.deepEqual(row, { cell: 0, nextValue: 10, ceiling: 110, ceilingHistory: 'h1' })
    assert.deepEqual(after, record(10, 110))
    assert.equal(finding, undefined)
  })

  test('while history, row and record agree numbers have no gap and the ceiling stays', () => {
    const {
      grant,
      record: after,
      finding,
    } = plan({ nextValue: 20, ceiling: 110, ceilingHistory: 'h1' }, record(20, 110))
    assert.deepEqual([grant, after], [{ lo: 20, hi: 30 }, record(30, 110)])
    assert.equal(finding, undefined)
  })

  test('the ceiling is moved when less than half of the headroom is left', () => {
    const row = { ceiling: 110, ceilingHistory: 'h1' }
    assert.equal(plan({ ...row, nextValue: 50 }, record(50, 110)).row.ceiling, 110)
    assert.equal(plan({ ...row, nextValue: 51 }, record(51, 110)).row.ceiling, 210)
  })

  test('a segment that burnt at an unknown commit is skipped without an alarm', () => {
    const { grant, finding } = plan({ nextValue: 10, ceiling: 110, ceilingHistory: 'h1' }, record(20, 110))
    assert.deepEqual([grant, finding], [{ lo: 20, hi: 30 }, undefined])
  })

  test('a database with another history goes on above every ceiling, in row and record', () => {
    const moved = { history: 'h2', nextValue: 10, ceilingHistory: 'h1' }
    assert.equal(plan({ ...moved, ceiling: 110 }, record(20, 210)).grant.lo, 210)
    assert.equal(plan({ ...moved, ceiling: 310 }, record(20, 210)).grant.lo, 310)
    assert.equal(plan({ ...moved, ceiling: 110 }, record(20, 210, 'h2')).grant.lo, 210)
  })

  test('a server that was only started again is told as another history, one that is behind as regressed', () => {
    const row = { history: 'h2', ceiling: 110, ceilingHistory: 'h1' }
    assert.deepEqual(plan({ ...row, nextValue: 20 }, record(20, 110)).finding, {
      kind: 'history',
      before: 'h1',
      now: 'h2',
      skipped: 90,
    })
    assert.equal(plan({ ...row, nextValue: 10 }, record(20, 110)).finding?.kind, 'regressed')
  })

  test('lost commits that the history does not show are seen by the record (trap: restored in place)', () => {
    const { grant, finding } = plan({ nextValue: 0, ceiling: 210, ceilingHistory: 'h1' }, record(150, 210))
    assert.deepEqual([grant.lo, finding?.kind], [150, 'regressed'])
  })

  test('a record that another database moved is no lost commit of this one', () => {
    const row = { nextValue: 20, ceiling: 110, ceilingHistory: 'h1' }
    const { grant, finding } = plan(row, record(5000, 5100, 'h9'))
    assert.deepEqual([grant.lo, finding], [5100, { kind: 'history', before: 'h9', now: 'h1', skipped: 5080 }])
  })

  test('a wiped etcd: the row’s own ceiling bounds what it may have granted', () => {
    assert.equal(plan({ nextValue: 40, ceiling: 110, ceilingHistory: 'h1' }, 'none').grant.lo, 110)
  })

  test('a grant that would begin in the cell of another data centre begins in its own next one', () => {
    const space = { startAt: 0, cellSize: 1000, dcCount: 8 }
    const row = { ...ROW, space, history: 'h2', nextValue: 990, ceiling: 1500, ceilingHistory: 'h1' }
    const made = planGrant(row, record(990, 1500), { dc: 0, step: 10, atLeast: 0 }, RULES)
    assert.ok(typeof made === 'object')
    assert.deepEqual([made.grant, made.row.cell], [{ lo: 8000, hi: 8010 }, 8])
  })

  test('a closed record ends the tag, and a used-up number space is told', () => {
    const closed = { ...record(10, 110), closed: true as const }
    assert.equal(planGrant(ROW, closed, { dc: 0, step: 1, atLeast: 0 }, RULES), 'closed')
    const end = { ...ROW, nextValue: SEGMENT_LIMIT, ceilingHistory: 'h1' }
    assert.equal(
      planGrant(end, record(SEGMENT_LIMIT, SEGMENT_LIMIT), { dc: 0, step: 1, atLeast: 0 }, RULES),
      'exhausted',
    )
  })

  test('an advance grants nothing and moves both stores', () => {
    const { grant, row, record: after } = plan({ nextValue: 10 }, record(10, 110), 0, 500)
    assert.deepEqual([grant, row.nextValue, after?.used], [{ lo: 500, hi: 500 }, 500, 500])
  })
})

describe('with etcd, where numbers have dates', () => {
  const space = { startAt: 1, cellSize: 10_000, dcCount: 1, format: { reset: 'day', width: 5 } as const }
  const agreed = { space, ceilingHistory: 'h1' }

  test('the headroom is a fiftieth of the date at most, however many a request asks for', () => {
    const { grant, row, record: after } = plan({ space }, 'none', 5000, 1)
    assert.deepEqual([grant, row.ceiling, after], [{ lo: 1, hi: 5001 }, 5201, record(5001, 5201)])
    assert.equal(plan({ space }, 'none', 10, 1).row.ceiling, 111, 'less where less is wanted')
    const without = { ...space, format: { width: 5 } }
    assert.equal(plan({ space: without }, 'none', 5000, 1).row.ceiling, 55_001, 'as ever without dates')
  })

  test('a database that was started again has lost that much of its date, and a promise of more is kept', () => {
    const again = { ...agreed, history: 'h2', nextValue: 5001, ceiling: 5201 }
    assert.equal(plan(again, record(5001, 5201)).grant.lo, 5201)
    // Promised by a process of before, or by one with other settings.
    const { row, record: after } = plan({ ...agreed, nextValue: 5001, ceiling: 60_001 }, record(5001, 60_001))
    assert.deepEqual([row.ceiling, after?.ceiling], [60_001, 60_001])
    assert.equal(plan({ ...again, ceiling: 60_001 }, record(5001, 5201)).grant.lo, 60_001)
    const last = plan({ ...agreed, nextValue: 9990, ceiling: 10_050 }, record(9990, 10_050), 100)
    assert.deepEqual([last.grant.hi, last.row.ceiling], [10_001, 10_050], 'also one that is used up soon')
  })

  test('no ceiling is raised above the date, and every one is above what is granted', () => {
    const { grant, row } = plan({ ...agreed, nextValue: 9900, ceiling: 9950 }, record(9900, 9950), 10)
    assert.deepEqual([grant.hi, row.ceiling], [9910, 10_001])
    const last = plan({ ...agreed, nextValue: 9990, ceiling: 10_001 }, record(9990, 10_001), 100)
    assert.deepEqual([last.grant.hi, last.row.ceiling], [10_001, 10_001])
    const next = plan({ ...agreed, nextValue: 10_001, ceiling: 10_001 }, record(10_001, 10_001), 10)
    assert.deepEqual([next.grant.lo, next.row.cell, next.row.ceiling], [10_001, 1, 10_111])
  })

  test('a commit that burnt more than the headroom is still no lost commit', () => {
    const row = { ...agreed, nextValue: 1, ceiling: 5201 }
    assert.equal(plan(row, record(501, 5201), 500).finding, undefined)
  })
})

describe('without etcd', () => {
  const promised = { nextValue: 90, ceiling: 110, ceilingHistory: 'h1' }

  test('the database grants up to the ceiling that was promised to its history, and etcd is not asked', () => {
    const { grant, record: after, row } = plan(promised, 'away', 15)
    assert.deepEqual([grant, after, row.ceiling], [{ lo: 90, hi: 105 }, undefined, 110])
  })

  test('the last grant ends at the ceiling, then it refuses', () => {
    assert.deepEqual(plan(promised, 'away', 100).grant, { lo: 90, hi: 110 })
    const used = { ...ROW, ...promised, nextValue: 110 }
    assert.equal(planGrant(used, 'away', { dc: 0, step: 1, atLeast: 0 }, RULES), 'witness-away')
  })

  test('a failed-over database grants nothing (trap: split brain, one cannot reach etcd)', () => {
    const failedOver = { ...ROW, ...promised, history: 'h2' }
    assert.equal(planGrant(failedOver, 'away', { dc: 0, step: 1, atLeast: 0 }, RULES), 'witness-away')
  })

  test('a row that was never witnessed grants nothing', () => {
    assert.equal(planGrant(ROW, 'away', { dc: 0, step: 1, atLeast: 0 }, RULES), 'witness-away')
  })

  test('proceed grants on, above the ceiling of another history', () => {
    const rules = { ...RULES, proceed: true }
    const made = planGrant(
      { ...ROW, ...promised, history: 'h2' },
      'away',
      { dc: 0, step: 10, atLeast: 0 },
      rules,
    )
    assert.ok(typeof made === 'object')
    assert.deepEqual(made.grant, { lo: 110, hi: 120 })
    assert.equal(made.finding?.kind, 'blind')
  })

  test('proceed is not blind below what was promised', () => {
    const rules = { ...RULES, proceed: true }
    const made = planGrant({ ...ROW, ...promised }, 'away', { dc: 0, step: 10, atLeast: 0 }, rules)
    assert.ok(typeof made === 'object')
    assert.equal(made.finding, undefined)
  })

  test('where none is configured the row alone decides', () => {
    const { grant, record: after } = plan({ nextValue: 40 }, 'off')
    assert.deepEqual([grant, after], [{ lo: 40, hi: 50 }, undefined])
  })

  test('a process without etcd grants nothing of a row that others have witnessed', () => {
    const request = { dc: 0, step: 1, atLeast: 0 }
    assert.equal(planGrant({ ...ROW, ...promised }, 'off', request, RULES), 'witness-off')
    const row = { ...ROW, cell: 0, nextValue: 100, ceiling: 210, ceilingHistory: 'h1' }
    assert.equal(planReturn(row, 'off', { lo: 60, hi: 100 }, 0), undefined)
  })

  test('after a switch away from etcd numbers begin above the ceiling that is left', () => {
    const { grant, row: after } = plan({ nextValue: 40, ceiling: 110 }, 'off')
    assert.deepEqual(grant, { lo: 110, hi: 120 })
    assert.deepEqual([after.ceiling, after.ceilingHistory], [0, ''])
  })
})

describe('giving the unused end back', () => {
  const row = { ...ROW, cell: 0, nextValue: 100, ceiling: 210, ceilingHistory: 'h1' }
  const unused = { lo: 60, hi: 100 }

  test('lowers both stores where both stand at its end', () => {
    const made = planReturn(row, record(100, 210), unused, 0)
    assert.deepEqual([made?.row.nextValue, made?.record], [60, record(60, 210)])
    assert.equal(planReturn({ ...row, ceilingHistory: '' }, 'off', unused, 0)?.row.nextValue, 60)
  })

  test('is refused when anybody took more, in either store, or the history is another one', () => {
    assert.equal(planReturn({ ...row, nextValue: 110 }, record(110, 210), unused, 0), undefined)
    assert.equal(planReturn(row, record(110, 210), unused, 0), undefined)
    assert.equal(planReturn({ ...row, history: 'h2' }, record(100, 210), unused, 0), undefined)
    assert.equal(planReturn(row, record(100, 210, 'h0'), unused, 0), undefined)
    assert.equal(planReturn(row, { ...record(100, 210), closed: true }, unused, 0), undefined)
  })

  test('is refused without etcd and below the cell', () => {
    assert.equal(planReturn(row, 'away', unused, 0), undefined)
    assert.equal(planReturn(row, 'none', unused, 0), undefined)
    assert.equal(planReturn(row, record(100, 210), unused, 80), undefined)
  })
})
