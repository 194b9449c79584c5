import assert from 'node:assert/strict'
import { test } from 'node:test'
import { JoinedDatabase, newTag } from '../../test/fixtures/joined-databases.ts'
import { settle } from '../../test/fixtures/settle.ts'
import { MemoryClock } from '../adapters/memory/memory-clock.ts'
import { MemoryCoordination } from '../adapters/memory/memory-coordination.ts'
import { MemoryCoordinator } from '../adapters/memory/memory-coordinator.ts'
import { configKey, lockKey, rangeKey, tombstoneKey } from '../core/coordination-keys.ts'
import { parseTombstone } from '../core/tombstone.ts'

async function opened() {
  const clock = new MemoryClock()
  const etcd = new MemoryCoordination(clock)
  const database = await new JoinedDatabase({ clock, etcd, dc: 0 }).withGroup()
  const hand = new MemoryCoordinator(etcd)
  const value = async (key: string) => (await hand.get(key))?.value
  return { clock, etcd, database, hand, value }
}

test('at the start every tag is claimed and published, at an etcd that is new', async () => {
  const { database, value } = await opened()
  for (let i = 0; i < 30; i += 1) await database.store.createTag(newTag(`t${i}`))
  await database.ranges.start()
  for (let i = 0; i < 30; i += 1)
    for (const key of [rangeKey(`w/g/t${i}`), configKey(`w/g/t${i}`)])
      assert.ok((await value(key)) !== undefined, key)
  await database.ranges.stop()
})

test('a claim that went, or became another one, is put right or told within the hour', async () => {
  const { database, hand, clock, value } = await opened()
  await database.catalog.createTag(newTag('gone'))
  await database.catalog.createTag(newTag('other'))
  await database.ranges.start()
  const other = JSON.stringify({ generation: 'f'.repeat(32), startAt: 1, cellSize: 1000, dcCount: 2 })
  await hand.transact({
    compare: [],
    change: [{ delete: rangeKey('w/g/gone') }, { put: rangeKey('w/g/other'), value: other }],
  })
  clock.advance(3_600_000)
  await settle()
  assert.ok((await value(rangeKey('w/g/gone'))) !== undefined)
  assert.deepEqual(database.conflicts.paths, ['w/g/other'])
  await assert.rejects(database.grant('other'), { code: 'IDGEN_SPACE_MISMATCH' })
  assert.match(
    JSON.stringify(await database.audited('range.conflict')),
    /another database has a tag of this name/,
  )
  await hand.transact({ compare: [], change: [{ delete: rangeKey('w/g/other') }] })
  await database.resync.pass()
  await database.sync.settled()
  assert.deepEqual(database.conflicts.paths, [])
  assert.equal((await database.grant('other')).length, 10)
  assert.ok(database.log.lines.some(({ text }) => text === 'number range no longer in conflict'))
  await database.ranges.stop()
})

test('high waters of deleted tags are raised where etcd knows less, on many pages', async () => {
  const { database, value, hand } = await opened()
  for (let i = 0; i < 1203; i += 1) {
    const tag = await database.store.createTag(newTag(`t${i}`))
    await database.store.deleteTag(tag, undefined, { generation: tag.generation, atLeast: 5000 + i })
  }
  const higher = JSON.stringify({ generation: 'a'.repeat(32), highWater: 9_000_000 })
  await hand.transact({ compare: [], change: [{ put: tombstoneKey('w/g/t7'), value: higher }] })
  await database.ranges.check()
  for (const i of [0, 499, 500, 999, 1000, 1202])
    assert.equal(parseTombstone((await value(tombstoneKey(`w/g/t${i}`))) ?? '')?.highWater, 5000 + i)
  assert.equal(await value(tombstoneKey('w/g/t7')), higher)
})

test('a tombstone that says 0 is raised as well: of a tag that was granted nothing, and may have written snowflakes', async () => {
  const { database, value } = await opened()
  const draft = newTag('t')
  const tag = await database.store.createTag({ ...draft, space: { ...draft.space, startAt: 0 } })
  await database.store.deleteTag(tag, undefined)
  await database.ranges.check()
  const { generation } = tag
  assert.deepEqual(parseTombstone((await value(tombstoneKey('w/g/t'))) ?? ''), { generation, highWater: 0 })
})

test('an etcd that is away is told in the log and stops nothing', async () => {
  const { database, etcd } = await opened()
  etcd.away = 'gone'
  await database.ranges.start()
  assert.ok(database.log.lines.some(({ text }) => text === 'range claims could not be checked'))
  await database.resync.pass()
  assert.ok(database.log.lines.some(({ text }) => text === 'tags could not be compared with etcd'))
  await database.ranges.stop()
})

test('a check that failed is tried again within seconds, less often each time, and no more once one succeeded', async () => {
  const { database, etcd, clock, value } = await opened()
  await database.store.createTag(newTag('t'))
  etcd.away = 'gone'
  await database.ranges.start()
  const failures = () =>
    database.log.lines.filter(({ text }) => text === 'range claims could not be checked').length
  const after = async (ms: number) => {
    clock.advance(ms)
    await settle()
    return failures()
  }
  assert.deepEqual([failures(), await after(1999), await after(1), await after(3999)], [1, 1, 2, 2])
  etcd.away = undefined
  await after(1)
  assert.ok((await value(rangeKey('w/g/t'))) !== undefined)
  etcd.away = 'gone'
  assert.equal(await after(3_599_000), 2)
  assert.deepEqual([await after(1000), await after(2000)], [3, 4], 'and from two seconds on')
  await database.ranges.stop()
  assert.equal(await after(120_000), 4)
})

test('one process per database takes its turn to look at everything, and the next one after it', async () => {
  const { database, clock, value } = await opened()
  let looks = 0
  database.sync.compareAll = async () => {
    looks += 1
  }
  await database.resync.pass()
  await database.resync.pass()
  assert.equal(looks, 1, 'the turn is taken')
  assert.equal(await value(lockKey('tag-sync/database%200')), 'host-0')
  clock.advance(50_000)
  await database.resync.pass()
  assert.equal(looks, 2)
})

test('a turn whose look failed is given to the next process', async () => {
  const { database } = await opened()
  let looks = 0
  database.sync.compareAll = async () => {
    looks += 1
    if (looks === 1) throw new Error('the database went away')
  }
  await database.resync.pass()
  await database.resync.pass()
  assert.equal(looks, 2)
})

test('what no event told of is found by the regular look', async () => {
  const { database, clock, value } = await opened()
  database.resync.start()
  await database.store.createTag(newTag('quiet'))
  clock.advance(60_000)
  await settle()
  await database.sync.settled()
  assert.ok((await value(configKey('w/g/quiet'))) !== undefined)
  await database.resync.stop()
})
