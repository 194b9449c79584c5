import assert from 'node:assert/strict'
import { test } from 'node:test'
import { printRangeClaim, rangeClaimOf } from './range-claim.ts'
import { DEFAULT_SPACE, DEFAULT_STEP } from './tag.ts'
import { printTagRecord, type TagRecord } from './tag-record.ts'
import { planTagSync, type Remains, type SharedView, type SyncPlan } from './tag-sync-plan.ts'
import { printTombstone } from './tombstone.ts'

const OURS: TagRecord = {
  generation: 'a'.repeat(32),
  displayName: 'Orders',
  chain: ['segment', 'snowflake'],
  step: DEFAULT_STEP,
  space: { ...DEFAULT_SPACE, startAt: 5000 },
}
const THEIRS: TagRecord = { ...OURS, generation: 'b'.repeat(32) }
const CHANGED: TagRecord = { ...OURS, displayName: 'Changed' }
const WIDER: TagRecord = { ...OURS, space: { ...OURS.space, dcCount: 4 } }
const NOTHING: Remains = { highWater: 0, deletedGenerations: [] }
const NO_VIEW: SharedView = {
  config: undefined,
  own: false,
  edited: true,
  claim: undefined,
  tombstone: undefined,
  closed: false,
}

function keyOf(record: TagRecord | string, modRevision = 10) {
  return { value: typeof record === 'string' ? record : printTagRecord(record), modRevision }
}
function claimOf(record: TagRecord): string {
  return printRangeClaim(rangeClaimOf(record))
}
function graveOf({ generation }: TagRecord, highWater: number): string {
  return printTombstone({ generation, highWater })
}

/** The database has OURS, exchanged up to `configRevision`. */
function stored(view: Partial<SharedView>, configRevision = 10, remains = NOTHING): SyncPlan {
  return planTagSync({ record: OURS, configRevision }, { ...NO_VIEW, ...view }, remains)
}
/** The database has no tag of the name. */
function unknown(view: Partial<SharedView>, remains: Partial<Remains> = {}): SyncPlan {
  return planTagSync(undefined, { ...NO_VIEW, ...view }, { ...NOTHING, ...remains })
}
function refusalOf(plan: SyncPlan) {
  assert.ok('refusal' in plan, `a refusal was expected, not ${plan.kind}`)
  return plan.refusal
}

const OWNED = { config: keyOf(OURS), claim: claimOf(OURS) }

test('both sides that say the same need nothing, or a note up to which revision', () => {
  assert.deepEqual(stored(OWNED), { kind: 'nothing' })
  assert.deepEqual(stored({ ...OWNED, config: keyOf(OURS, 11) }), { kind: 'mark', revision: 11 })
  const laidOut = JSON.stringify(JSON.parse(printTagRecord(OURS)))
  assert.deepEqual(stored({ ...OWNED, config: keyOf(laidOut) }), { kind: 'nothing' }, 'layout is no change')
})

test('a newer key that somebody else wrote is taken in; an older one, or our own, is written over', () => {
  const newer = { ...OWNED, config: keyOf(CHANGED, 11) }
  assert.deepEqual(stored(newer), { kind: 'import', record: CHANGED, revision: 11 })
  assert.deepEqual(stored({ ...newer, own: true }), { kind: 'publish', refusal: undefined })
  const older = { ...OWNED, config: keyOf(CHANGED, 10) }
  assert.deepEqual(stored(older), { kind: 'publish', refusal: undefined })
})

test('a deletion that was begun goes on in etcd, or here where etcd has the tombstone', () => {
  const begun = (view: Partial<SharedView>) =>
    planTagSync({ record: OURS, configRevision: 10, deleting: true }, { ...NO_VIEW, ...view }, NOTHING)
  const { generation } = OURS
  const other = generation === 'e'.repeat(32) ? 'd'.repeat(32) : 'e'.repeat(32)
  const tombstone = (of: string) => JSON.stringify({ generation: of, highWater: 77 })
  for (const view of [{}, { tombstone: 'rubbish' }, { tombstone: tombstone(other) }])
    assert.deepEqual(begun(view), { kind: 'bury' })
  assert.deepEqual(begun({ tombstone: tombstone(generation) }), { kind: 'delete', highWater: 77 })
})

test('a declared tag is put back where a key was edited, and follows what another database published', () => {
  const view = { ...NO_VIEW, ...OWNED, config: keyOf(CHANGED, 11) }
  const declared = { record: OURS, configRevision: 10, declaredBy: 'BizTag a/b' }
  const plan = planTagSync(declared, view, NOTHING)
  assert.equal(plan.kind, 'publish')
  assert.equal(refusalOf(plan)?.code, 'IDGEN_TAG_DECLARED')
  assert.match(refusalOf(plan)?.why ?? '', /BizTag a\/b/)
  const published = planTagSync(declared, { ...view, edited: false }, NOTHING)
  assert.deepEqual(published, { kind: 'import', record: CHANGED, revision: 11 })
  const sameAgain = planTagSync(declared, { ...view, config: keyOf(OURS, 11) }, NOTHING)
  assert.deepEqual(sameAgain, { kind: 'mark', revision: 11 })
})

test('a tag of the database without its keys is published, and claimed', () => {
  assert.deepEqual(stored({}, 0), { kind: 'publish', refusal: undefined })
  assert.deepEqual(stored({ claim: claimOf(OURS) }), { kind: 'publish', refusal: undefined })
  const below = { tombstone: graveOf(THEIRS, 5000) }
  assert.deepEqual(stored(below), { kind: 'publish', refusal: undefined })
})

test('a key that is no tag is put back with every fault', () => {
  for (const text of ['', 'no JSON', '[]', '{"generation":1}', `{"__proto__":{}}`, 'x'.repeat(100_000)]) {
    const plan = stored({ ...OWNED, config: keyOf(text, 99) })
    assert.equal(plan.kind, 'publish')
    const refusal = refusalOf(plan)
    assert.equal(refusal?.code, 'IDGEN_CONFIG_INVALID')
    assert.ok((refusal?.faults.length ?? 0) > 0)
  }
})

test('generation and number space in a key never change the tag', () => {
  for (const given of [THEIRS, WIDER]) {
    const plan = stored({ ...OWNED, config: keyOf(given, 99) })
    assert.equal(plan.kind, 'publish')
    assert.equal(refusalOf(plan)?.code, 'IDGEN_SPACE_MISMATCH')
    assert.ok((refusalOf(plan)?.faults.length ?? 0) === 1)
  }
})

test('a name that is claimed by another tag, or with other numbers, is a conflict', () => {
  for (const claim of [claimOf(THEIRS), claimOf(WIDER), 'no claim'])
    assert.equal(stored({ ...OWNED, claim }).kind, 'conflict', claim)
  assert.equal(stored({ tombstone: 'no tombstone' }).kind, 'conflict')
  assert.equal(stored({ tombstone: graveOf(THEIRS, 5001) }).kind, 'conflict', 'numbers of a deleted tag')
})

test('a tombstone of another tag, even an unreadable one, is nothing to a tag that holds its claim', () => {
  for (const tombstone of ['no tombstone', graveOf(THEIRS, 2 ** 53)])
    assert.deepEqual(stored({ ...OWNED, tombstone }), { kind: 'nothing' })
})

test('a tag that was deleted elsewhere is deleted here, also when its name was given away since', () => {
  const expected = { kind: 'delete', highWater: 7000 }
  const tombstone = graveOf(OURS, 7000)
  assert.deepEqual(stored({ tombstone }), expected)
  assert.deepEqual(stored({ tombstone, claim: claimOf(THEIRS), config: keyOf(THEIRS) }), expected)
  const later = { tombstone: graveOf(THEIRS, 7000), closed: true }
  assert.deepEqual(stored(later), expected, 'deleted, and the one after it as well')
  assert.equal(stored({ closed: true }).kind, 'publish', 'a deletion that went no further than the witness')
})

test('a claim that a restored etcd brought back of a deleted tag gives way to the live one', () => {
  const remains = { highWater: 5000, deletedGenerations: [THEIRS.generation] }
  assert.deepEqual(stored({ claim: claimOf(THEIRS) }, 10, remains), { kind: 'publish', refusal: undefined })
  const high = { claim: claimOf(THEIRS), tombstone: graveOf(THEIRS, 6000) }
  assert.equal(stored(high, 10, remains).kind, 'conflict')
})

test('a tag with a format conflicts with any deleted tag of its name, and is not made after one', () => {
  const record: TagRecord = { ...OURS, space: { ...OURS.space, format: { prefix: '52' } } }
  for (const highWater of [0, 5000]) {
    const tombstone = graveOf(THEIRS, highWater)
    const plan = planTagSync({ record, configRevision: 10 }, { ...NO_VIEW, tombstone }, NOTHING)
    assert.equal(plan.kind, 'conflict')
    assert.match('why' in plan ? plan.why : '', /had a tag that was deleted/)
    const remains = { highWater, deletedGenerations: [THEIRS.generation] }
    const view = { config: keyOf(record) }
    assert.equal(unknown({ ...view, tombstone }).kind, 'remove')
    assert.equal(unknown(view, remains).kind, 'remove')
    assert.equal(unknown({ ...view, claim: claimOf(record) }, remains).kind, 'ignore')
  }
  const owned = { config: keyOf(record), claim: claimOf(record) }
  assert.equal(unknown(owned).kind, 'create')
  assert.equal(planTagSync({ record, configRevision: 10 }, { ...NO_VIEW, ...owned }, NOTHING).kind, 'nothing')
})

test('a name that neither side has needs nothing', () => {
  assert.deepEqual(unknown({}), { kind: 'nothing' })
  assert.deepEqual(unknown({ claim: claimOf(OURS) }), { kind: 'nothing' }, 'a creation under way')
  assert.deepEqual(unknown({ tombstone: graveOf(OURS, 1) }), { kind: 'nothing' })
})

test('a tag of another database, or one a person wrote, is made', () => {
  const expected = { kind: 'create', record: OURS, revision: 10 }
  assert.deepEqual(unknown(OWNED), expected)
  assert.deepEqual(unknown({ config: keyOf(OURS) }), expected)
  const above = { config: keyOf(OURS), tombstone: graveOf(THEIRS, 5000) }
  assert.deepEqual(unknown(above, { highWater: 4000, deletedGenerations: [THEIRS.generation] }), expected)
})

test('a key that cannot become a tag is taken away where nobody owns the name, and left to the owner else', () => {
  const bad = [
    { config: keyOf('no JSON') },
    { config: keyOf(OURS), tombstone: graveOf(OURS, 1) },
    { config: keyOf(OURS), tombstone: graveOf(THEIRS, 5001) },
    { config: keyOf(OURS), tombstone: 'no tombstone' },
  ]
  for (const view of bad) {
    const plan = unknown(view)
    assert.equal(plan.kind, 'remove', JSON.stringify(view))
    assert.equal('grave' in plan && plan.grave, undefined)
    const claimed = unknown({ ...view, claim: claimOf(OURS) })
    assert.equal(claimed.kind, 'ignore')
    assert.deepEqual(refusalOf(claimed), refusalOf(plan))
  }
  for (const claim of [claimOf(THEIRS), claimOf(WIDER), 'no claim'])
    assert.equal(unknown({ ...OWNED, claim }).kind, 'ignore')
  assert.equal(unknown({ config: keyOf(OURS) }, { highWater: 5001 }).kind, 'remove')
  assert.equal(unknown(OWNED, { highWater: 5001 }).kind, 'ignore')
})

test('a tag that this database published and forgot is made again, whatever tombstone a rival left beside its claim', () => {
  const expected = { kind: 'create', record: OURS, revision: 10 }
  const formatted: TagRecord = { ...OURS, space: { ...OURS.space, format: { prefix: '52' } } }
  for (const highWater of [5001, 2 ** 53]) {
    const beside = { ...OWNED, tombstone: graveOf(THEIRS, highWater) }
    assert.deepEqual(unknown({ ...beside, own: true }), expected)
    const own = { config: keyOf(formatted), claim: claimOf(formatted), own: true }
    assert.equal(unknown({ ...own, tombstone: beside.tombstone }).kind, 'create')
    assert.equal(unknown(beside).kind, 'ignore', 'another database published it')
    assert.equal(unknown({ ...beside, claim: undefined, own: true }).kind, 'remove', 'its claim is gone')
    const remains = { highWater, deletedGenerations: [THEIRS.generation] }
    assert.equal(unknown({ ...beside, own: true }, remains).kind, 'ignore', 'the rival was here')
  }
  assert.equal(unknown({ ...OWNED, own: true, tombstone: graveOf(OURS, 1) }).kind, 'ignore', 'it was deleted')
  assert.equal(unknown({ ...OWNED, own: true, tombstone: 'no tombstone' }).kind, 'ignore')
})

test('why a tag is not taken in says of a deleted tag with a format that any ID may be its', () => {
  const why = (highWater: number) =>
    refusalOf(unknown({ ...OWNED, tombstone: graveOf(THEIRS, highWater) }))?.why
  assert.match(why(2 ** 53) ?? '', /had a format or a snowflake layout of its own/)
  assert.match(why(5001) ?? '', /granted numbers up to 5001/)
})

test('keys that a restored etcd brought back of a deleted tag go, and the tombstone does not fall', () => {
  const remains = { highWater: 8000, deletedGenerations: [OURS.generation] }
  const graveIn = (view: Partial<SharedView>) => {
    const plan = unknown(view, remains)
    assert.equal(plan.kind, 'remove')
    return 'grave' in plan ? plan.grave : undefined
  }
  const { generation } = OURS
  assert.deepEqual(graveIn(OWNED), { generation, highWater: 8000 })
  assert.deepEqual(graveIn({ ...OWNED, config: keyOf('no JSON') }), { generation, highWater: 8000 })
  assert.deepEqual(graveIn({ ...OWNED, tombstone: graveOf(THEIRS, 9000) }), { generation, highWater: 9000 })
  assert.deepEqual(graveIn({ config: keyOf(OURS) }), undefined, 'without a claim there is nobody to bury')
  assert.equal(unknown({ ...OWNED, tombstone: 'no tombstone' }, remains).kind, 'ignore')
})

test('a refusal names the field that is wrong', () => {
  const plan = stored({ ...OWNED, config: keyOf(WIDER, 99) })
  assert.deepEqual(refusalOf(plan)?.faults, [
    { path: '/space', message: `must stay ${JSON.stringify(OURS.space)}` },
  ])
  const claimed = unknown({ config: keyOf(OURS), claim: claimOf(THEIRS) })
  assert.deepEqual(
    refusalOf(claimed)?.faults.map(({ path }) => path),
    ['/generation', '/space'],
  )
})
