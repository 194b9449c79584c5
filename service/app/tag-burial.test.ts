import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { rejectsWith } from '../../test/contracts/rejects-with.ts'
import { JoinedDatabase, newTag } from '../../test/fixtures/joined-databases.ts'
import { settle } from '../../test/fixtures/settle.ts'
import { MemoryClock } from '../adapters/memory/memory-clock.ts'
import { MemoryCoordination } from '../adapters/memory/memory-coordination.ts'
import { MemoryCoordinator } from '../adapters/memory/memory-coordinator.ts'
import { witnessKey } from '../core/coordination-keys.ts'
import { buryTag } from './tag-burial.ts'

const REF = { workspace: 'w', group: 'g', name: 't' }

async function joined(t: TestContext) {
  const clock = new MemoryClock()
  const etcd = new MemoryCoordination(clock)
  const one = await new JoinedDatabase({ clock, etcd, dc: 0 }).withGroup()
  const two = new JoinedDatabase({ clock, etcd, dc: 1 })
  t.after(() => Promise.all([one.stop(), two.stop()]))
  const tag = await one.catalog.createTag(newTag('t'))
  await two.sync.sync('w/g/t')
  const hand = new MemoryCoordinator(etcd)
  return { clock, one, two, tag, shared: async (key: string) => (await hand.get(key))?.value }
}

test('a deletion whose beginner is gone is carried to its end by the next look at all tags', async (t) => {
  const { one, two, tag, shared } = await joined(t)
  const used = await one.grant('t', 100)
  await one.store.beginDeletion(REF, undefined)
  for (const each of [one, two, one]) {
    await each.sync.compareAll()
    await each.sync.settled()
    assert.equal(await each.store.findTag(REF), undefined)
  }
  assert.match((await shared(witnessKey(tag.generation, 1))) ?? '', /"closed":true/)
  assert.equal((await one.audited('tag.delete')).length, 1)
  assert.deepEqual(one.imported, ['w/g/t'], 'the process forgets the tag')
  assert.ok((await one.catalog.createTag(newTag('t'))).space.startAt > Math.max(...used))
})

test('a deletion that etcd interrupted goes on by itself when etcd answers again', async (t) => {
  const { one, clock } = await joined(t)
  // Called to see whether it answers, then for the first witness.
  one.coordinator.cut = { after: 1, lost: 'request' }
  await rejectsWith('IDGEN_COORDINATION_UNAVAILABLE', one.catalog.deleteTag(REF, undefined))
  one.coordinator.cut = undefined
  await settle()
  clock.advance(60_000)
  await one.sync.settled()
  assert.equal(await one.store.findTag(REF), undefined)
})

test('one who was overtaken leaves the tag alone that has the name since', async (t) => {
  const { one, two, tag } = await joined(t)
  await one.catalog.deleteTag(REF, undefined)
  const again = await one.catalog.createTag(newTag('t'))
  await one.grant('t', 100)
  assert.equal(
    await buryTag({ catalog: one.store, coordinator: one.coordinator, names: one.names }, tag),
    undefined,
  )
  await two.sync.sync('w/g/t')
  for (const each of [one, two]) assert.equal((await each.store.findTag(REF))?.id, again.id)
})
