import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { rejectsWith } from '../../test/contracts/rejects-with.ts'
import { JoinedDatabase, newTag } from '../../test/fixtures/joined-databases.ts'
import { MemoryClock } from '../adapters/memory/memory-clock.ts'
import { MemoryCoordination } from '../adapters/memory/memory-coordination.ts'

const REF = { workspace: 'w', group: 'g', name: 't' }
const PATH = 'w/g/t'
const FORMATTED = newTag('t', { space: { ...newTag('t').space, format: { prefix: '52' } } })

/** One has the tag. Two stood alone, had one of the name with a format, and deleted it before it joined: its tombstone is 2^53. */
async function joined() {
  const clock = new MemoryClock()
  const etcd = new MemoryCoordination(clock)
  const one = await new JoinedDatabase({ clock, etcd, dc: 0 }).withGroup()
  const made = await one.catalog.createTag(newTag('t'))
  const two = await new JoinedDatabase({ clock, etcd, dc: 1 }).withGroup()
  await two.store.createTag(FORMATTED)
  await two.store.deleteTag(REF, undefined)
  await two.ranges.check()
  const join = async (dc: number): Promise<JoinedDatabase> => {
    const database = await new JoinedDatabase({ clock, etcd, dc }).withGroup()
    await database.sync.sync(PATH)
    return database
  }
  return { one, two, made, join }
}

describe('a tag beside whose claim lies the tombstone of a rival with a format', () => {
  it('goes on where it is', async () => {
    const { one, made } = await joined()
    await one.sync.sync(PATH)
    assert.equal((await one.store.findTag(REF))?.generation, made.generation)
    assert.equal((await one.grant('t')).length, 10)
    assert.deepEqual(one.conflicts.paths, [])
  })

  it('is not taken over by others, and who makes it there is told why and what to do', async () => {
    const { two, join } = await joined()
    for (const database of [two, await join(1)]) {
      await database.sync.sync(PATH)
      assert.equal(await database.store.findTag(REF), undefined)
      for (const tag of [newTag('t'), FORMATTED]) {
        const { message } = await rejectsWith('IDGEN_SPACE_MISMATCH', database.catalog.createTag(tag))
        assert.match(message, /Another database has the tag w\/g\/t, and this one does not take it over/)
        assert.match(message, /had a format or a snowflake layout of its own/)
        assert.match(message, /make a tag of another name/)
      }
    }
  })

  it('comes back to the database that published it and was restored to before it', async () => {
    const { one, made, join } = await joined()
    const used = await one.grant('t', 100)
    const restored = await join(0)
    assert.equal((await restored.store.findTag(REF))?.generation, made.generation)
    const again = await restored.grant('t', 100)
    assert.ok(Math.min(...again) > Math.max(...used), 'the witness knows how far it got')
  })

  it('does not come back after it was deleted', async () => {
    const { one, join } = await joined()
    await one.catalog.deleteTag(REF, undefined)
    const restored = await join(0)
    assert.equal(await restored.store.findTag(REF), undefined)
    const { message } = await rejectsWith('IDGEN_RANGE_EXHAUSTED', restored.catalog.createTag(newTag('t')))
    assert.match(message, /another name/)
  })
})
