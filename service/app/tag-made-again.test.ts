import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rejectsWith } from '../../test/contracts/rejects-with.ts'
import { JoinedDatabase, newTag } from '../../test/fixtures/joined-databases.ts'
import { MemoryClock } from '../adapters/memory/memory-clock.ts'
import { MemoryCoordination } from '../adapters/memory/memory-coordination.ts'

const REF = { workspace: 'w', group: 'g', name: 't' }

async function rest(...centres: readonly JoinedDatabase[]): Promise<void> {
  for (let round = 0; round < 3; round += 1)
    for (const centre of centres) {
      await centre.ranges.check()
      await centre.sync.compareAll()
      await centre.sync.settled()
    }
}

test('a tag made again repeats nothing that a data centre granted which is cut off, after etcd was restored', async () => {
  const clock = new MemoryClock()
  const etcd = new MemoryCoordination(clock)
  const one = await new JoinedDatabase({ clock, etcd, dc: 0 }).withGroup()
  const two = await new JoinedDatabase({ clock, etcd, dc: 1 }).withGroup()
  await one.catalog.createTag(newTag('t'))
  await rest(one, two)
  const used = [...(await one.grant('t')), ...(await two.grant('t'))]
  const backup = etcd.snapshot()
  for (let round = 0; round < 20; round += 1) used.push(...(await two.grant('t')))
  two.coordinator.away = true
  etcd.restore(backup)
  await one.catalog.deleteTag(REF, undefined)
  await one.catalog.createTag(newTag('t'))
  const again: number[] = []
  for (let round = 0; round < 120; round += 1) again.push(...(await one.grant('t')))
  two.coordinator.away = false
  await rest(one, two)
  // It may be refused; what it gives must be new as well.
  again.push(...(await two.grant('t').catch(() => [])))
  assert.ok(again.length > 100)
  assert.deepEqual(
    again.filter((number) => used.includes(number)),
    [],
  )
  assert.equal(new Set(again).size, again.length)
})

test('a name whose tag began at 0 and was granted nothing takes no format in any data centre', async () => {
  const clock = new MemoryClock()
  const etcd = new MemoryCoordination(clock)
  const one = await new JoinedDatabase({ clock, etcd, dc: 0 }).withGroup()
  const two = await new JoinedDatabase({ clock, etcd, dc: 1 }).withGroup()
  const draft = newTag('t')
  await one.catalog.createTag({ ...draft, chain: ['snowflake'], space: { ...draft.space, startAt: 0 } })
  await one.catalog.deleteTag(REF, undefined)
  const space = { ...draft.space, format: { prefix: '52', width: 16 } }
  // The second one never had the tag, and hears of it from the tombstone.
  for (const { catalog } of [one, two])
    await rejectsWith('IDGEN_IMMUTABLE', catalog.createTag({ ...draft, chain: ['segment'], space }))
})
