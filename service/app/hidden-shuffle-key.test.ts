import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rejectsWith } from '../../test/contracts/rejects-with.ts'
import { newTag, SMALL_SPACE } from '../../test/fixtures/joined-databases.ts'
import { joinedPair } from '../../test/fixtures/joined-pair.ts'
import { memoryUseCases } from '../../test/fixtures/memory-use-cases.ts'
import { configKey } from '../core/coordination-keys.ts'
import { recordOf } from '../core/tag-record.ts'

const ACTOR = { actor: 'test', traceId: undefined }
const REF = { workspace: 'w', group: 'g', name: 't' }
const KEY = 'c0ffee'.repeat(5).padEnd(32, '0')
const OTHER = 'decade'.repeat(5).padEnd(32, '0')
const FORMAT = { width: 6, shuffleKey: KEY }
const OWNER = { cluster: 'c', namespace: 'n', name: 'bt', uid: 'u', createdAt: new Date(1) }

function assertHidden(what: unknown, hidden: number): void {
  const text = JSON.stringify(what)
  assert.doesNotMatch(text, /c0ffee|decade/)
  assert.equal(text.match(/shuffleKey[\\":]+hidden/g)?.length, hidden, text)
}

test('what is done to a tag goes into the audit log without the key of its shuffle', async (t) => {
  const memory = await memoryUseCases()
  t.after(() => memory.stop())
  const { catalog } = memory.useCases
  await catalog.createWorkspace(ACTOR, 'w', '')
  await catalog.createGroup(ACTOR, 'w', 'g', '')
  const made = await catalog.createTag(ACTOR, REF, { space: { format: FORMAT } })
  assert.equal(made.space.format?.shuffleKey, KEY, 'who manages the tag sees it')
  await catalog.updateTag(ACTOR, REF, { displayName: 'T' }, undefined)
  const other = { space: { format: { ...FORMAT, shuffleKey: OTHER } } }
  assertHidden(
    (await rejectsWith('IDGEN_IMMUTABLE', catalog.updateTag(ACTOR, REF, other, undefined))).message,
    1,
  )
  await catalog.deleteTag(ACTOR, REF, undefined)
  const records = (await memory.audited()).filter(({ action }) => action.startsWith('tag.'))
  assert.deepEqual(
    records.map(({ action }) => action),
    ['tag.create', 'tag.update', 'tag.delete'],
  )
  assertHidden(records, 4)
})

test('a declaration of it is recorded, or refused, without the key', async (t) => {
  const memory = await memoryUseCases()
  t.after(() => memory.stop())
  const declare = (generation: number, displayName: string, shuffleKey = KEY) => {
    const spec = { displayName, space: { format: { ...FORMAT, shuffleKey } } }
    const request = { owner: OWNER, generation, spec, floors: new Map<number, number>() }
    return memory.useCases.declarations.declare(ACTOR, REF, request, () => {})
  }
  await declare(1, 'one')
  await declare(2, 'two')
  assertHidden((await rejectsWith('IDGEN_IMMUTABLE', declare(3, 'three', OTHER))).message, 2)
  assertHidden(
    (await memory.audited()).filter(({ action }) => action.startsWith('tag.')),
    3,
  )
})

test('what comes and goes through etcd is recorded and logged without the key', async (t) => {
  const { one, two, rest, hand } = await joinedPair(t)
  const made = await one.catalog.createTag(newTag('t', { space: { ...SMALL_SPACE, format: FORMAT } }))
  await rest()
  const record = recordOf(made)
  const wrong = { ...record, space: { ...record.space, format: { ...FORMAT, shuffleKey: OTHER } } }
  await hand.transact({ compare: [], change: [{ put: configKey('w/g/t'), value: JSON.stringify(wrong) }] })
  await rest()
  await one.catalog.deleteTag(REF, undefined)
  await rest()
  const records = [...(await one.audited()), ...(await two.audited())]
  assert.deepEqual(
    new Set(records.map(({ action }) => action)),
    new Set(['tag.import', 'tag.refused', 'tag.delete']),
  )
  // Of the refusal what was given, what is put back, and the fault that names it.
  assertHidden(records, 5)
  assertHidden([one.log, two.log], 3)
})
