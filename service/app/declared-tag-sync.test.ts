import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { newTag } from '../../test/fixtures/joined-databases.ts'
import { joinedPair } from '../../test/fixtures/joined-pair.ts'
import { configKey } from '../core/coordination-keys.ts'
import { recordOf } from '../core/tag-record.ts'

const REF = { workspace: 'w', group: 'g', name: 't' }
const OWNER = { cluster: 'c', namespace: 'ns', name: 'bt', uid: 'u', createdAt: new Date(1) }
const DECLARATION = { owner: OWNER, generation: 1 }

/** Two data centres with a database each, joined by one etcd; the first has a declared tag. */
async function declared(t: TestContext) {
  const { one, two, rest, hand } = await joinedPair(t)
  const made = await one.catalog.createTag(newTag('t'), DECLARATION)
  await rest()
  return { one, two, made, rest, hand }
}

test('a declared tag goes back to what it was when its key is edited by hand, in every database', async (t) => {
  const { one, two, made, rest, hand } = await declared(t)
  const value = JSON.stringify({ ...recordOf(made), displayName: 'by hand' })
  await hand.transact({ compare: [], change: [{ put: configKey('w/g/t'), value }] })
  await rest()
  for (const each of [one, two]) assert.equal((await each.store.findTag(REF))?.displayName, '')
  const [refused] = await one.audited('tag.refused')
  assert.deepEqual([refused?.result, refused?.subject], ['IDGEN_TAG_DECLARED', 'w/g/t'])
})

test('a declared tag is deleted through etcd by its own object only, which brings nothing back', async (t) => {
  const { one, two, rest } = await declared(t)
  await assert.rejects(one.catalog.deleteTag(REF, undefined), { code: 'IDGEN_TAG_DECLARED' })
  const other = one.catalog.deleteTag(REF, undefined, undefined, 'v')
  await assert.rejects(other, { code: 'IDGEN_TAG_CLAIMED' })
  assert.equal((await one.grant('t')).length, 10, 'nothing was closed')
  await one.catalog.deleteTag(REF, undefined, undefined, 'u')
  await rest()
  for (const each of [one, two]) assert.equal(await each.store.findTag(REF), undefined)
  const late = one.catalog.createTag(newTag('t'), DECLARATION)
  await assert.rejects(late, { code: 'IDGEN_DECLARATION_STALE' })
})
