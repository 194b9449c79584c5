import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { JoinedDatabase, newTag, SMALL_SPACE } from '../../test/fixtures/joined-databases.ts'
import { MemoryClock } from '../adapters/memory/memory-clock.ts'
import { MemoryCoordination } from '../adapters/memory/memory-coordination.ts'
import { MemoryCoordinator } from '../adapters/memory/memory-coordinator.ts'
import { configKey, rangeKey, tombstoneKey, witnessKey } from '../core/coordination-keys.ts'
import { IdgenError } from '../core/errors.ts'
import type { RowResult } from '../core/row-result.ts'
import { type Tag, tagPath } from '../core/tag.ts'
import type { CatalogStore, NewTag } from '../ports/catalog-store.ts'
import { PassThroughCatalog } from './pass-through-catalog.ts'

/** A store whose creations and deletions a test watches and makes fail. */
class WatchedCatalog extends PassThroughCatalog {
  /** Called before a tag is made or deleted. */
  onWrite: (path: string) => void = () => {}
  /** Once it was done: what the caller gets instead of the answer. */
  lost: IdgenError | undefined

  override createTag(tag: NewTag): Promise<Tag> {
    return this.#pass(tagPath(tag), () => super.createTag(tag))
  }

  override deleteTag(...args: Parameters<CatalogStore['deleteTag']>): Promise<void> {
    return this.#pass(tagPath(args[0]), () => super.deleteTag(...args))
  }

  async #pass<T>(path: string, call: () => Promise<T>): Promise<T> {
    this.onWrite(path)
    const answer = await call()
    if (this.lost !== undefined) throw this.lost
    return answer
  }
}

const NAMES = ['t1', 't2', 't3', 't4', 't5', 't6', 't7', 't8', 't9', 't10', 't11', 't12']
const PATHS = NAMES.map((name) => `w/g/${name}`)
const EIGHT = { ...SMALL_SPACE, dcCount: 8 }

async function joined() {
  const clock = new MemoryClock()
  const etcd = new MemoryCoordination(clock)
  let watched: WatchedCatalog | undefined
  const one = await new JoinedDatabase({
    clock,
    etcd,
    dc: 0,
    wrap: (store) => (watched = new WatchedCatalog(store)),
  }).withGroup()
  assert.ok(watched !== undefined)
  const two = await new JoinedDatabase({ clock, etcd, dc: 1 }).withGroup()
  const hand = new MemoryCoordinator(etcd)
  const put = (key: string, value: string) => hand.transact({ compare: [], change: [{ put: key, value }] })
  /** Which of the keys are there. */
  const kept = async (keys: readonly string[]) => {
    const entries = await Promise.all(keys.map((key) => hand.get(key)))
    return keys.filter((_, at) => entries[at] !== undefined)
  }
  return { etcd, one, two, watched, hand, put, kept }
}

/** Keys that are missing. */
function without(keys: readonly string[], kept: readonly string[]): string[] {
  return keys.filter((key) => !kept.includes(key))
}

describe('making many tags where data centres share an etcd', () => {
  it('claims every name before the database has the first one, and publishes each', async () => {
    const { one, watched, kept } = await joined()
    let claimed: Promise<readonly string[]> | undefined
    watched.onWrite = () => {
      claimed ??= kept(PATHS.map(rangeKey))
    }
    const made = valuesIn(await one.batch.createTags(NAMES.map((name) => newTag(name))))
    assert.deepEqual(await claimed, PATHS.map(rangeKey))
    assert.deepEqual(made.map(tagPath), PATHS)
    assert.deepEqual(await kept(PATHS.map(configKey)), PATHS.map(configKey))
    for (const path of PATHS) {
      const { configRevision } = (await one.store.findPublication(refOf(path))) ?? {}
      assert.ok((configRevision ?? 0) > 0, path)
    }
  })

  it('makes what it can: a name of another data centre, a group that is not there, an unreadable claim', async () => {
    const { one, two, put, kept } = await joined()
    await two.catalog.createTag(newTag('t2'))
    await put(rangeKey('w/g/t3'), 'rubbish')
    const results = await one.batch.createTags([
      newTag('t1'),
      newTag('t2'),
      newTag('t3'),
      newTag('t4', { group: 'none' }),
      newTag('t5'),
    ])
    assert.deepEqual(codesOf(results), [
      '',
      'IDGEN_ALREADY_EXISTS',
      'IDGEN_SPACE_MISMATCH',
      'IDGEN_GROUP_NOT_FOUND',
      '',
    ])
    assert.deepEqual(await kept([rangeKey('w/none/t4')]), [])
    assert.deepEqual(
      (await one.batch.findTags([newTag('t1'), newTag('t5')])).map((tag) => tag?.name),
      ['t1', 't5'],
    )
  })

  it('takes back the claim of a tag that the database refused, and of no other', async () => {
    const { one, watched, kept } = await joined()
    watched.onWrite = (path) => {
      if (path === 'w/g/t2') throw new IdgenError('IDGEN_GROUP_NOT_FOUND', 'gone since')
    }
    const results = await one.batch.createTags([newTag('t1'), newTag('t2'), newTag('t3')])
    assert.deepEqual(codesOf(results), ['', 'IDGEN_GROUP_NOT_FOUND', ''])
    const keys = PATHS.slice(0, 3).map(rangeKey)
    assert.deepEqual(without(keys, await kept(keys)), [rangeKey('w/g/t2')])
  })

  it('keeps all claims when nobody knows the outcome, and whoever asks again goes on with them', async () => {
    const { one, two, watched, kept } = await joined()
    watched.lost = new IdgenError('IDGEN_STORE_UNAVAILABLE', 'unknown')
    const wanted = [newTag('t1'), newTag('t2')]
    const unknown = await one.batch.createTags(wanted)
    assert.deepEqual(codesOf(unknown), ['IDGEN_STORE_UNAVAILABLE', 'IDGEN_STORE_UNAVAILABLE'])
    watched.lost = undefined
    const keys = PATHS.slice(0, 2).map(rangeKey)
    assert.deepEqual(await kept(keys), keys)
    const made = valuesIn(await two.batch.createTags(wanted))
    const there = await one.batch.findTags(wanted)
    assert.deepEqual(
      made.map(({ generation }) => generation),
      there.map((tag) => tag?.generation),
      'one tag of each name',
    )
  })

  it('makes nothing, and says so of each, while etcd is away', async () => {
    const { one, watched, kept } = await joined()
    let writes = 0
    watched.onWrite = () => void (writes += 1)
    one.coordinator.away = true
    const wanted = NAMES.map((name) => newTag(name))
    const results = await one.batch.createTags(wanted)
    assert.deepEqual(
      codesOf(results),
      NAMES.map(() => 'IDGEN_COORDINATION_UNAVAILABLE'),
    )
    assert.equal(writes, 0, 'the database was told to make none')
    assert.deepEqual(
      await one.batch.findTags(wanted),
      NAMES.map(() => undefined),
    )
    assert.deepEqual(await kept([...PATHS.map(rangeKey), ...PATHS.map(configKey)]), [])
  })

  it('makes all of them or none when etcd goes away in between, and says which', async () => {
    const seen = new Set<number>()
    for (let after = 0; after <= 6; after += 1) {
      const { one } = await joined()
      one.coordinator.before = async () => {
        if (one.coordinator.calls > after) one.coordinator.away = true
      }
      const wanted = NAMES.map((name) => newTag(name))
      const results = await one.batch.createTags(wanted)
      const found = await one.batch.findTags(wanted)
      assert.deepEqual(
        results.map((row) => ('value' in row ? '' : [row.refused.code, row.isUntried])),
        found.map((tag) => (tag === undefined ? ['IDGEN_COORDINATION_UNAVAILABLE', true] : '')),
        `after ${after} calls`,
      )
      seen.add(found.filter((tag) => tag !== undefined).length)
    }
    assert.deepEqual([...seen], [0, NAMES.length])
  })

  it('makes none whose claims had no answer, and goes on with those claims when asked again', async () => {
    const { one, kept } = await joined()
    // The names are read, then claimed.
    one.coordinator.cut = { after: 1, lost: 'answer' }
    const wanted = NAMES.map((name) => newTag(name))
    const results = await one.batch.createTags(wanted)
    assert.ok(results.every((row) => 'refused' in row && row.isUntried === true))
    assert.deepEqual(
      await one.batch.findTags(wanted),
      NAMES.map(() => undefined),
    )
    assert.deepEqual(await kept(PATHS.map(rangeKey)), PATHS.map(rangeKey), 'they are claimed all the same')
    assert.equal(valuesIn(await one.batch.createTags(wanted)).length, NAMES.length)
  })

  it('makes those whose names nobody else took while all of them were claimed together', async () => {
    const { one, two, watched } = await joined()
    one.coordinator.before = async () => {
      // Between the look at all names and their claims.
      if (one.coordinator.calls !== 2) return
      one.coordinator.before = undefined
      await two.catalog.createTag(newTag('t4'))
    }
    const written: string[] = []
    watched.onWrite = (path) => void written.push(path)
    const results = await one.batch.createTags(NAMES.map((name) => newTag(name)))
    assert.deepEqual(
      codesOf(results),
      NAMES.map((name) => (name === 't4' ? 'IDGEN_ALREADY_EXISTS' : '')),
    )
    assert.deepEqual(
      written,
      PATHS.filter((path) => path !== 'w/g/t4'),
    )
  })

  it('asks etcd as often for fifty tags as their names and witnesses need calls, and not for each', async () => {
    const { one } = await joined()
    const wanted = Array.from({ length: 50 }, (_, at) => newTag(`many-${at}`, { space: EIGHT }))
    const calls = async (work: () => Promise<unknown>) => {
      await one.sync.settled()
      const before = one.coordinator.calls
      await work()
      return one.coordinator.calls - before
    }
    const made: Tag[] = []
    // Two reads of 50 × 4 keys (2 calls each), claims (4 compares each: 2 calls), settings (3 compares each: 2 calls).
    assert.equal(await calls(async () => made.push(...valuesIn(await one.batch.createTags(wanted)))), 8)
    const update = { change: { displayName: 'x' }, ifVersion: undefined }
    const updates = made.map((ref) => ({ ref, ...update }))
    assert.equal(await calls(() => one.batch.updateTags(updates)), 4)
    // Names before and after and between (2 each), witnesses of eight data centres (4 and 4), tombstones (2).
    const deletions = made.map((ref) => ({ ref, ifVersion: undefined }))
    assert.equal(await calls(() => one.batch.deleteTags(deletions)), 16)
    assert.deepEqual(
      await one.batch.findTags(made),
      made.map(() => undefined),
    )
  })

  it('gives one tag to two data centres that make the same names at the same time', async () => {
    const { one, two } = await joined()
    const wanted = NAMES.map((name) => newTag(name))
    await Promise.all([one.batch.createTags(wanted), two.batch.createTags(wanted.toReversed())])
    for (const each of [one, two, one]) {
      await each.sync.compareAll()
      await each.sync.settled()
    }
    const [first, second] = [await one.batch.findTags(wanted), await two.batch.findTags(wanted)]
    for (const [at, tag] of first.entries()) {
      assert.ok(tag !== undefined)
      assert.equal(tag.generation, second[at]?.generation)
    }
    assert.deepEqual([one.conflicts.paths, two.conflicts.paths], [[], []])
  })
})

describe('changing many tags', () => {
  it('publishes those that were changed', async () => {
    const { one, hand } = await joined()
    await one.batch.createTags([newTag('t1'), newTag('t2')])
    const change = { displayName: 'changed' }
    const results = await one.batch.updateTags([
      { ref: newTag('t1'), change, ifVersion: 1 },
      { ref: newTag('t2'), change, ifVersion: 7 },
    ])
    assert.deepEqual(codesOf(results), ['', 'IDGEN_VERSION_MISMATCH'])
    assert.match((await hand.get(configKey('w/g/t1')))?.value ?? '', /changed/)
    assert.doesNotMatch((await hand.get(configKey('w/g/t2')))?.value ?? '', /changed/)
  })
})

describe('deleting many tags', () => {
  it('ends the granting of each and leaves its tombstone before the database forgets the first', async () => {
    const { one, watched, kept } = await joined()
    const made = valuesIn(await one.batch.createTags(NAMES.map((name) => newTag(name))))
    const used = await one.grant('t3')
    let ended: Promise<readonly string[]> | undefined
    const ends = [...PATHS.map(tombstoneKey), ...made.map(({ generation }) => witnessKey(generation, 0))]
    watched.onWrite = () => {
      ended ??= kept(ends)
    }
    const results = await one.batch.deleteTags(made.map((tag) => ({ ref: tag, ifVersion: tag.version })))
    assert.deepEqual(
      codesOf(results),
      NAMES.map(() => ''),
    )
    assert.deepEqual(await ended, ends)
    assert.deepEqual(await kept([...PATHS.map(rangeKey), ...PATHS.map(configKey)]), [])
    const again = await one.catalog.createTag(newTag('t3'))
    assert.ok(again.space.startAt > Math.max(...used))
  })

  it('begins none that it could not end, and deletes the others', async () => {
    const { one, put } = await joined()
    const made = valuesIn(await one.batch.createTags([newTag('t1'), newTag('t2'), newTag('t3')]))
    await put(tombstoneKey('w/g/t2'), 'rubbish')
    const results = await one.batch.deleteTags([
      ...made.slice(0, 2).map((tag) => ({ ref: tag, ifVersion: tag.version })),
      { ref: newTag('t3'), ifVersion: 9 },
      { ref: newTag('t4'), ifVersion: undefined },
    ])
    assert.deepEqual(codesOf(results), [
      '',
      'IDGEN_SPACE_MISMATCH',
      'IDGEN_VERSION_MISMATCH',
      'IDGEN_TAG_NOT_FOUND',
    ])
    for (const name of ['t2', 't3'])
      assert.equal((await one.store.findPublication(newTag(name)))?.deleting, false, name)
  })

  it('is noted for good when etcd goes away after that, and told as a failure that may yet come true', async () => {
    const { one, watched, kept } = await joined()
    const made = valuesIn(await one.batch.createTags([newTag('t1'), newTag('t2')]))
    let writes = 0
    watched.onWrite = () => void (writes += 1)
    const noted = async () =>
      await Promise.all(made.map(async (tag) => (await one.store.findPublication(tag))?.deleting))
    one.coordinator.before = async () => {
      // The database has noted them all by the first call that comes after.
      if ((await noted()).includes(true)) one.coordinator.away = true
    }
    const results = await one.batch.deleteTags(made.map((tag) => ({ ref: tag, ifVersion: tag.version })))
    for (const row of results) {
      assert.ok('refused' in row)
      // No refusal: nobody may take the tag for one that stays.
      assert.deepEqual(
        [row.refused.code, row.refused.row.retryable],
        ['IDGEN_COORDINATION_UNAVAILABLE', true],
      )
    }
    assert.deepEqual(await noted(), [true, true])
    assert.equal(writes, 0, 'neither was forgotten before it was ended in etcd')
    assert.deepEqual(await kept(['w/g/t1', 'w/g/t2'].map(tombstoneKey)), [])
    assert.deepEqual(codesOf(await one.batch.createTags([newTag('t1')])), ['IDGEN_ALREADY_EXISTS'])

    one.coordinator.before = undefined
    one.coordinator.away = false
    await one.sync.compareAll()
    await one.sync.settled()
    assert.deepEqual(await one.batch.findTags(made), [undefined, undefined])
  })

  it('is carried to its end in the background when the database fails in between', async () => {
    const { one, watched } = await joined()
    const made = valuesIn(await one.batch.createTags([newTag('t1'), newTag('t2')]))
    const rows = made.map((tag) => ({ ref: tag, ifVersion: tag.version }))
    // Once for each: what looks again in the background may do so before the caller has its answer.
    const failing = new Set(['w/g/t1', 'w/g/t2'])
    watched.onWrite = (path) => {
      if (failing.delete(path)) throw new IdgenError('IDGEN_STORE_UNAVAILABLE', 'away')
    }
    const failed = await one.batch.deleteTags(rows)
    assert.deepEqual(codesOf(failed), ['IDGEN_STORE_UNAVAILABLE', 'IDGEN_STORE_UNAVAILABLE'])
    // Noticed at the failure: nobody has to look at all names for it.
    await one.sync.settled()
    assert.deepEqual(await one.batch.findTags(made), [undefined, undefined])
  })

  it('says of each that was noted that it was begun, and of no other', async () => {
    const { one, watched } = await joined()
    const made = valuesIn(await one.batch.createTags([newTag('t1'), newTag('t2'), newTag('t3')]))
    watched.onWrite = (path) => {
      if (path === 'w/g/t1') throw new IdgenError('IDGEN_SPACE_MISMATCH', 'a record that is unreadable since')
    }
    const results = await one.batch.deleteTags([
      ...made.slice(0, 2).map((tag) => ({ ref: tag, ifVersion: tag.version })),
      { ref: newTag('t3'), ifVersion: 9 },
    ])
    assert.deepEqual(codesOf(results), ['IDGEN_SPACE_MISMATCH', '', 'IDGEN_VERSION_MISMATCH'])
    assert.deepEqual(
      results.map((row) => 'refused' in row && row.isBegun === true),
      [true, false, false],
    )
    assert.equal((await one.store.findPublication(newTag('t1')))?.deleting, true)
    assert.equal((await one.store.findPublication(newTag('t3')))?.deleting, false)
  })

  it('is content with what another process deleted meanwhile', async () => {
    const { one, watched } = await joined()
    const made = valuesIn(await one.batch.createTags([newTag('t1'), newTag('t2')]))
    watched.onWrite = (path) => {
      watched.onWrite = () => {}
      if (path === 'w/g/t1') throw new IdgenError('IDGEN_TAG_NOT_FOUND', 'gone')
    }
    const results = await one.batch.deleteTags(made.map((tag) => ({ ref: tag, ifVersion: tag.version })))
    assert.deepEqual(codesOf(results), ['', ''])
  })
})

function refOf(path: string) {
  const [workspace = '', group = '', name = ''] = path.split('/')
  return { workspace, group, name }
}

function codesOf(results: readonly RowResult<unknown>[]): string[] {
  return results.map((row) => ('value' in row ? '' : row.refused.code))
}

function valuesIn(results: readonly RowResult<Tag>[]): Tag[] {
  return results.flatMap((row) => ('value' in row ? [row.value] : []))
}
