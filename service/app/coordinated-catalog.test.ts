import assert from 'node:assert/strict'
import { describe, it, test } from 'node:test'
import { rejectsWith } from '../../test/contracts/rejects-with.ts'
import { JoinedDatabase, newTag, SMALL_SPACE } from '../../test/fixtures/joined-databases.ts'
import { settle } from '../../test/fixtures/settle.ts'
import { MemoryClock } from '../adapters/memory/memory-clock.ts'
import { MemoryCoordination } from '../adapters/memory/memory-coordination.ts'
import { MemoryCoordinator } from '../adapters/memory/memory-coordinator.ts'
import { configKey, rangeKey, tombstoneKey, witnessKey } from '../core/coordination-keys.ts'
import { IdgenError } from '../core/errors.ts'
import { SEGMENT_LIMIT, type Tag } from '../core/tag.ts'
import { recordOf } from '../core/tag-record.ts'
import type { CatalogStore, NewTag } from '../ports/catalog-store.ts'
import { PassThroughCatalog } from './pass-through-catalog.ts'

const REF = { workspace: 'w', group: 'g', name: 't' }
const PATH = 'w/g/t'

/** A store whose creation or deletion of tags a test makes fail. */
class FailingCatalog extends PassThroughCatalog {
  failure: { readonly thrown: IdgenError; readonly when: 'before' | 'after' } | undefined

  override createTag(tag: NewTag): Promise<Tag> {
    return this.#pass(() => super.createTag(tag))
  }

  override deleteTag(...args: Parameters<CatalogStore['deleteTag']>): Promise<void> {
    return this.#pass(() => super.deleteTag(...args))
  }

  async #pass<T>(call: () => Promise<T>): Promise<T> {
    const { failure } = this
    this.failure = undefined
    if (failure?.when === 'before') throw failure.thrown
    const answer = await call()
    if (failure !== undefined) throw failure.thrown
    return answer
  }
}

async function joined() {
  const clock = new MemoryClock()
  const etcd = new MemoryCoordination(clock)
  let failing: FailingCatalog | undefined
  const one = await new JoinedDatabase({
    clock,
    etcd,
    dc: 0,
    wrap: (store) => (failing = new FailingCatalog(store)),
  }).withGroup()
  assert.ok(failing !== undefined)
  const two = await new JoinedDatabase({ clock, etcd, dc: 1 }).withGroup()
  const hand = new MemoryCoordinator(etcd)
  const put = (key: string, value: string) => hand.transact({ compare: [], change: [{ put: key, value }] })
  const shared = async (key: string) => (await hand.get(key))?.value
  /** What the background would do in the end, without its events. */
  const rest = async () => {
    for (let round = 0; round < 3; round += 1)
      for (const each of [one, two]) {
        await each.ranges.check()
        await each.sync.compareAll()
        await each.sync.settled()
      }
  }
  const inBoth = async () => [await one.store.findTag(REF), await two.store.findTag(REF)] as const
  return { clock, etcd, one, two, failing, put, shared, rest, inBoth }
}

describe('making a tag', () => {
  it('claims the name with its numbers before the database has it, and publishes it then', async () => {
    const { one, shared } = await joined()
    const tag = await one.catalog.createTag(newTag('t', { displayName: 'T' }))
    assert.deepEqual(JSON.parse((await shared(rangeKey(PATH))) ?? ''), {
      generation: tag.generation,
      ...SMALL_SPACE,
    })
    assert.deepEqual(JSON.parse((await shared(configKey(PATH))) ?? ''), recordOf(tag))
    assert.equal((await one.store.findPublication(REF))?.configRevision, 3)
  })

  it('needs etcd, and makes nothing without it', async () => {
    const { one, etcd } = await joined()
    etcd.away = 'gone'
    await rejectsWith('IDGEN_COORDINATION_UNAVAILABLE', one.catalog.createTag(newTag('t')))
    etcd.away = undefined
    assert.equal(await one.store.findTag(REF), undefined)
  })

  it('claims nothing for what the database refuses', async () => {
    const { one, shared } = await joined()
    const elsewhere = newTag('t', { group: 'none' })
    await rejectsWith('IDGEN_GROUP_NOT_FOUND', one.catalog.createTag(elsewhere))
    assert.equal(await shared(rangeKey('w/none/t')), undefined)
    await one.catalog.createTag(newTag('t'))
    await rejectsWith('IDGEN_ALREADY_EXISTS', one.catalog.createTag(newTag('t')))
    assert.ok((await shared(rangeKey(PATH))) !== undefined)
  })

  it('takes its claim back when the database refuses after all, and keeps it when the outcome is unknown', async () => {
    const { one, two, failing, shared } = await joined()
    failing.failure = { thrown: new IdgenError('IDGEN_GROUP_NOT_FOUND', 'gone since'), when: 'before' }
    await rejectsWith('IDGEN_GROUP_NOT_FOUND', one.catalog.createTag(newTag('t')))
    assert.equal(await shared(rangeKey(PATH)), undefined)
    failing.failure = { thrown: new IdgenError('IDGEN_STORE_UNAVAILABLE', 'unknown'), when: 'after' }
    await rejectsWith('IDGEN_STORE_UNAVAILABLE', one.catalog.createTag(newTag('t')))
    assert.ok((await shared(rangeKey(PATH))) !== undefined)
    const made = await two.catalog.createTag(newTag('t'))
    assert.equal(made.generation, (await one.store.findTag(REF))?.generation, 'both went on with one claim')
  })

  it('keeps its claim after a fault that nobody expected: the tag may be there', async () => {
    const { one, failing, shared } = await joined()
    failing.failure = { thrown: new IdgenError('IDGEN_INTERNAL', 'a fault'), when: 'after' }
    await rejectsWith('IDGEN_INTERNAL', one.catalog.createTag(newTag('t')))
    assert.ok((await one.store.findTag(REF)) !== undefined)
    assert.ok((await shared(rangeKey(PATH))) !== undefined)
  })

  it('never takes back a claim that it joined: the one who made it may have its tag by now', async () => {
    const { one, failing, shared } = await joined()
    failing.failure = { thrown: new IdgenError('IDGEN_STORE_UNAVAILABLE', 'unknown'), when: 'before' }
    await rejectsWith('IDGEN_STORE_UNAVAILABLE', one.catalog.createTag(newTag('t')))
    const claim = await shared(rangeKey(PATH))
    assert.ok(claim !== undefined)
    failing.failure = { thrown: new IdgenError('IDGEN_ALREADY_EXISTS', 'made since'), when: 'before' }
    await rejectsWith('IDGEN_ALREADY_EXISTS', one.catalog.createTag(newTag('t')))
    assert.equal(await shared(rangeKey(PATH)), claim)
  })

  it('tells that another data centre has the name, and takes the tag over', async () => {
    const { one, two } = await joined()
    const made = await one.catalog.createTag(newTag('t', { displayName: 'first' }))
    await rejectsWith('IDGEN_ALREADY_EXISTS', two.catalog.createTag(newTag('t', { displayName: 'second' })))
    assert.deepEqual(recordOf((await two.store.findTag(REF)) ?? made), recordOf(made))
  })

  it('claims no name anew whose key is there while the claim is lost', async () => {
    const { etcd, one, two } = await joined()
    const made = await one.catalog.createTag(newTag('t'))
    const hand = new MemoryCoordinator(etcd)
    await hand.transact({ compare: [], change: [{ delete: rangeKey(PATH) }] })
    await rejectsWith('IDGEN_ALREADY_EXISTS', two.catalog.createTag(newTag('t')))
    assert.equal((await two.store.findTag(REF))?.generation, made.generation)
  })

  it('makes way for a key that nobody has a tag for', async () => {
    const { one, put } = await joined()
    await put(configKey(PATH), 'rubbish')
    assert.equal((await one.catalog.createTag(newTag('t'))).name, 't')
  })

  it('gives one tag to two that make it at the same time, or refuses the one with other numbers', async () => {
    for (const other of [SMALL_SPACE, { ...SMALL_SPACE, cellSize: 2000 }]) {
      const { one, two, rest, inBoth } = await joined()
      const outcomes = await Promise.allSettled([
        one.catalog.createTag(newTag('t')),
        two.catalog.createTag(newTag('t', { space: other })),
      ])
      const made = outcomes.filter(({ status }) => status === 'fulfilled')
      assert.ok(made.length === 1 || other === SMALL_SPACE, `${made.length}`)
      await rest()
      const [first, second] = await inBoth()
      assert.ok(first !== undefined && second !== undefined)
      assert.deepEqual(recordOf(first), recordOf(second))
      assert.deepEqual([one.conflicts.paths, two.conflicts.paths], [[], []])
    }
  })

  it('is told apart from an interrupted one with other numbers', async () => {
    const { one, put } = await joined()
    await put(rangeKey(PATH), JSON.stringify({ generation: 'a'.repeat(32), ...SMALL_SPACE, dcCount: 4 }))
    const error = await rejectsWith('IDGEN_ALREADY_EXISTS', one.catalog.createTag(newTag('t')))
    assert.match(error.message, /did not end.*"dcCount":4/)
    const tag = await one.catalog.createTag(newTag('t', { space: { ...SMALL_SPACE, dcCount: 4 } }))
    assert.equal(tag.generation, 'a'.repeat(32))
  })

  it('refuses while nobody can say which numbers are free', async () => {
    for (const key of [rangeKey(PATH), tombstoneKey(PATH)]) {
      const { one, put } = await joined()
      await put(key, 'rubbish')
      const error = await rejectsWith('IDGEN_SPACE_MISMATCH', one.catalog.createTag(newTag('t')))
      assert.match(error.message, /cannot be read/)
    }
  })

  it('joins no interrupted claim whose numbers were granted to another tag since', async () => {
    const { one, put } = await joined()
    await put(rangeKey(PATH), JSON.stringify({ generation: 'a'.repeat(32), ...SMALL_SPACE }))
    await put(tombstoneKey(PATH), JSON.stringify({ generation: 'd'.repeat(32), highWater: 5000 }))
    await rejectsWith('IDGEN_ALREADY_EXISTS', one.catalog.createTag(newTag('t')))
  })

  it('takes no notice of a claim that a restored etcd brought back of a deleted tag', async () => {
    const { one, put } = await joined()
    const old = await one.catalog.createTag(newTag('t'))
    await one.grant('t', 100)
    await one.catalog.deleteTag(REF, undefined)
    await put(rangeKey(PATH), JSON.stringify({ generation: old.generation, ...SMALL_SPACE }))
    const tag = await one.catalog.createTag(newTag('t'))
    assert.notEqual(tag.generation, old.generation)
    assert.ok(tag.space.startAt > 100)
  })

  it('begins above the tombstone, whatever it was asked, and refuses where no room is left', async () => {
    const { one, two, put } = await joined()
    const tombstone = (highWater: number) => JSON.stringify({ generation: 'd'.repeat(32), highWater })
    await put(tombstoneKey(PATH), tombstone(77_777))
    assert.equal((await one.catalog.createTag(newTag('t'))).space.startAt, 77_777)
    await put(tombstoneKey('w/g/full'), tombstone(SEGMENT_LIMIT - 1999))
    const full = two.catalog.createTag(newTag('full'))
    assert.match((await rejectsWith('IDGEN_RANGE_EXHAUSTED', full)).message, /another name/)
  })

  it('gives up when others change the name again and again', async () => {
    const { one } = await joined()
    one.names.claim = async () => undefined
    const error = await rejectsWith('IDGEN_COORDINATION_UNAVAILABLE', one.catalog.createTag(newTag('t')))
    assert.ok(error.retryAfterMs !== undefined)
  })
})

describe('changing a tag', () => {
  it('goes on without etcd, and is published when it is back', async () => {
    const { one, etcd, rest, inBoth } = await joined()
    await one.catalog.createTag(newTag('t'))
    etcd.away = 'gone'
    await one.catalog.updateTag(REF, { displayName: 'changed' }, 1)
    etcd.away = undefined
    await rest()
    for (const tag of await inBoth()) assert.equal(tag?.displayName, 'changed')
  })
})

describe('deleting a tag', () => {
  it('ends granting in all data centres before it is gone from any database', async () => {
    const { one, two, rest, shared } = await joined()
    const { generation } = await one.catalog.createTag(newTag('t'))
    await rest()
    await two.grant('t')
    await one.catalog.deleteTag(REF, undefined)
    for (const dc of [0, 1]) assert.match((await shared(witnessKey(generation, dc))) ?? '', /"closed":true/)
    assert.ok((await two.store.findTag(REF)) !== undefined, 'the other has not heard of it')
    await rejectsWith('IDGEN_TAG_NOT_FOUND', two.grant('t'))
    await rest()
    assert.equal(await two.store.findTag(REF), undefined)
  })

  it('covers with its high water what a database may grant while it cannot reach etcd', async () => {
    const { one, two, rest } = await joined()
    await one.catalog.createTag(newTag('t'))
    await rest()
    const used = await two.grant('t')
    two.coordinator.away = true
    await one.catalog.deleteTag(REF, undefined)
    // Below the ceiling that was promised to it.
    for (let left = true; left; )
      await two.grant('t').then(
        (numbers) => used.push(...numbers),
        () => {
          left = false
        },
      )
    assert.ok(used.length > 10, 'the point of this test')
    const again = await one.catalog.createTag(newTag('t'))
    assert.ok(again.space.startAt > Math.max(...used))
  })

  it('closes nothing for a version that is not current, a tag that is not there, or without etcd', async () => {
    const { one, etcd, shared } = await joined()
    const { generation } = await one.catalog.createTag(newTag('t'))
    await rejectsWith('IDGEN_VERSION_MISMATCH', one.catalog.deleteTag(REF, 7))
    await rejectsWith('IDGEN_TAG_NOT_FOUND', one.catalog.deleteTag({ ...REF, name: 'none' }, undefined))
    etcd.away = 'gone'
    await rejectsWith('IDGEN_COORDINATION_UNAVAILABLE', one.catalog.deleteTag(REF, undefined))
    etcd.away = undefined
    assert.equal(await shared(witnessKey(generation, 0)), undefined)
    assert.equal((await one.store.findPublication(REF))?.deleting, false, 'nothing was begun')
  })

  it('begins nothing that it could not end, because the tombstone cannot be read', async () => {
    const { one, put, shared } = await joined()
    const { generation } = await one.catalog.createTag(newTag('t'))
    await put(tombstoneKey(PATH), 'rubbish')
    const error = await rejectsWith('IDGEN_SPACE_MISMATCH', one.catalog.deleteTag(REF, undefined))
    assert.match(error.message, /cannot be read/)
    assert.equal((await one.store.findPublication(REF))?.deleting, false)
    assert.equal(await shared(witnessKey(generation, 0)), undefined)
  })

  it('is content when the tag went away meanwhile, and tells when the database failed', async () => {
    const { one, failing } = await joined()
    await one.catalog.createTag(newTag('t'))
    failing.failure = { thrown: new IdgenError('IDGEN_TAG_NOT_FOUND', 'gone'), when: 'after' }
    await one.catalog.deleteTag(REF, undefined)
    await one.catalog.createTag(newTag('t'))
    failing.failure = { thrown: new IdgenError('IDGEN_STORE_UNAVAILABLE', 'away'), when: 'before' }
    await rejectsWith('IDGEN_STORE_UNAVAILABLE', one.catalog.deleteTag(REF, undefined))
    await one.sync.sync(PATH)
    assert.equal(await one.store.findTag(REF), undefined, 'the tombstone stands; the database follows')
  })

  it('never lowers the tombstone that is there', async () => {
    const { one, put, shared } = await joined()
    await one.catalog.createTag(newTag('t'))
    await put(tombstoneKey(PATH), JSON.stringify({ generation: 'd'.repeat(32), highWater: 99_999 }))
    await one.catalog.deleteTag(REF, undefined)
    assert.match((await shared(tombstoneKey(PATH))) ?? '', /"highWater":100001/)
  })

  it('makes way in the other database for the tag that has the name by then', async () => {
    const { one, two, rest } = await joined()
    await one.catalog.createTag(newTag('t'))
    await rest()
    await one.catalog.deleteTag(REF, undefined)
    const again = await one.catalog.createTag(newTag('t'))
    await two.sync.sync(PATH)
    assert.equal((await two.store.findTag(REF))?.generation, again.generation)
  })

  it('keeps the high water of a caller that knows more', async () => {
    const { one } = await joined()
    const { generation } = await one.catalog.createTag(newTag('t'))
    await one.catalog.deleteTag(REF, undefined, { generation, atLeast: 123_456 })
    assert.equal((await one.catalog.createTag(newTag('t'))).space.startAt, 124_001)
  })

  it('gives up when others change the name again and again', async () => {
    const { one } = await joined()
    await one.catalog.createTag(newTag('t'))
    one.names.bury = async () => false
    await rejectsWith('IDGEN_COORDINATION_UNAVAILABLE', one.catalog.deleteTag(REF, undefined))
  })
})

/** Makes the nth call to etcd fail, before or after it took effect; the operation may or may not survive that. */
const CUTS = Array.from({ length: 16 }, (_, after) => [
  { after, lost: 'request' as const },
  { after, lost: 'answer' as const },
]).flat()

test('a creation that is interrupted anywhere and asked for again, here or there, makes one tag of one space', async () => {
  let interrupted = 0
  for (const { after, lost } of CUTS)
    for (const again of ['one', 'two'] as const) {
      const all = await joined()
      const { one, two, rest, inBoth } = all
      one.coordinator.cut = { after, lost }
      const first = await one.catalog.createTag(newTag('t')).catch(() => undefined)
      if (first === undefined) interrupted += 1
      one.coordinator.cut = undefined
      await all[again].catalog.createTag(newTag('t')).catch((thrown: unknown) => {
        assert.equal(IdgenError.from(thrown).code, 'IDGEN_ALREADY_EXISTS', `cut ${after} ${lost}`)
      })
      await rest()
      const tags = await inBoth()
      assert.ok(tags[0] !== undefined && tags[1] !== undefined, `cut ${after} ${lost}`)
      assert.deepEqual(recordOf(tags[0]), recordOf(tags[1]))
      const numbers = [...(await one.grant('t', 50)), ...(await two.grant('t', 50))]
      assert.equal(new Set(numbers).size, 100)
    }
  assert.ok(interrupted >= 4, `${interrupted} creations were interrupted`)
})

test('a deletion that is interrupted anywhere and asked for again leaves no number to the next tag', async () => {
  let interrupted = 0
  for (const { after, lost } of CUTS) {
    const { one, two, rest, inBoth } = await joined()
    await one.catalog.createTag(newTag('t'))
    await rest()
    const used = [...(await one.grant('t', 300)), ...(await two.grant('t', 300))]
    one.coordinator.cut = { after, lost }
    await one.catalog.deleteTag(REF, undefined).catch(() => (interrupted += 1))
    one.coordinator.cut = undefined
    for (const each of [one, two])
      await each.grant('t', 300).then(
        (numbers) => used.push(...numbers),
        () => {},
      )
    await two.catalog.deleteTag(REF, undefined).catch((thrown: unknown) => {
      assert.equal(IdgenError.from(thrown).code, 'IDGEN_TAG_NOT_FOUND', `cut ${after} ${lost}`)
    })
    await rest()
    assert.deepEqual(await inBoth(), [undefined, undefined], `cut ${after} ${lost}`)
    const { space } = await two.catalog.createTag(newTag('t'))
    assert.ok(space.startAt > Math.max(...used), `cut ${after} ${lost}: ${space.startAt}`)
  }
  assert.ok(interrupted >= 6, `${interrupted} deletions were interrupted`)
})

test('background work ends with the process, whatever it was doing', async () => {
  const { one } = await joined()
  one.sync.start()
  await one.catalog.createTag(newTag('t'))
  one.sync.notice(PATH)
  await one.stop()
  await settle()
  assert.equal(one.sync.notice(PATH), false)
})
