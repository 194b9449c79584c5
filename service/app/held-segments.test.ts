import assert from 'node:assert/strict'
import { test } from 'node:test'
import { batchNumbers } from '../../test/fixtures/batch-numbers.ts'
import { JoinedDatabase, newTag } from '../../test/fixtures/joined-databases.ts'
import { liveTagOptions } from '../../test/fixtures/live-tag-options.ts'
import { settle } from '../../test/fixtures/settle.ts'
import { MemoryClock } from '../adapters/memory/memory-clock.ts'
import { MemoryCoordination } from '../adapters/memory/memory-coordination.ts'
import { IdBatch } from '../core/id-batch.ts'
import { Snowflake } from '../core/snowflake.ts'
import { DEFAULT_EPOCH_MS, snowflakeLayout } from '../core/snowflake-layout.ts'
import { canonicalLayout } from '../core/tag-layout.ts'
import { TagDirectory } from './tag-directory.ts'

const NOW = Date.UTC(2026, 5, 1)
const PATH = 'w/g/t'

function directoryOf(database: JoinedDatabase, clock: MemoryClock): TagDirectory {
  const snowflake = new Snowflake({ layout: snowflakeLayout(DEFAULT_EPOCH_MS), seed: 1 })
  const directory = new TagDirectory({
    catalog: database.store,
    maxTags: 10,
    live: liveTagOptions({
      store: database.segments,
      dc: database.dc,
      clock,
      snowflake,
      layoutClaims: database.layoutClaims,
    }),
  })
  database.onConflict = (path, inConflict) => directory.hold(path, inConflict)
  return directory
}

test('numbers in memory never go out once another database is found to have the name with a layout', async (t) => {
  const clock = new MemoryClock(NOW)
  const etcd = new MemoryCoordination(clock)
  const [one, two] = [new JoinedDatabase({ clock, etcd, dc: 0 }), new JoinedDatabase({ clock, etcd, dc: 1 })]
  t.after(() => Promise.all([one.stop(), two.stop()]))
  const empty = etcd.snapshot()
  await one.withGroup()
  await one.catalog.createTag(newTag('t'))
  const directory = directoryOf(one, clock)
  const live = await directory.resolve(PATH)
  await live.refiller.refill(NOW)
  const batch = new IdBatch()
  live.buffer.take(1, NOW, batch)
  assert.ok(live.buffer.left > 0)
  // Settled: or what is under way would claim the name in the etcd that is new.
  await settle()
  await one.sync.settled()
  etcd.restore(empty)
  await two.withGroup()
  const format = { snowflake: canonicalLayout('53-bit') }
  await two.catalog.createTag(newTag('t', { chain: ['snowflake'], space: { ...newTag('t').space, format } }))
  await one.sync.sync(PATH)
  assert.deepEqual(one.conflicts.paths, [PATH])
  assert.equal(live.buffer.take(1, NOW, new IdBatch()), 0)
  assert.equal(live.buffer.takeRun(1, NOW, new IdBatch()), false)
  await live.refiller.refill(NOW)
  assert.match(live.buffer.fault() ?? '', /in conflict/)
  // The other one is gone as if it had never been; what was in memory is not taken up again.
  one.conflicts.cleared(PATH)
  clock.advance(5000)
  await live.refiller.refill(clock.nowMs())
  const later = new IdBatch()
  live.buffer.take(1, clock.nowMs(), later)
  assert.ok((batchNumbers(later)[0] ?? 0n) > (batchNumbers(batch)[0] ?? 0n) + 9n)
})

test('a grant that was on its way while the name was in conflict is never given out', async (t) => {
  const clock = new MemoryClock(NOW)
  const one = new JoinedDatabase({ clock, etcd: new MemoryCoordination(clock), dc: 0 })
  t.after(() => one.stop())
  await one.withGroup()
  await one.catalog.createTag(newTag('t'))
  const live = await directoryOf(one, clock).resolve(PATH)
  const allocate = one.segments.allocate.bind(one.segments)
  const answered = Promise.withResolvers<void>()
  one.segments.allocate = async (...args) => {
    const grant = await allocate(...args)
    await answered.promise
    return grant
  }
  const flight = live.refiller.refill(NOW)
  await settle()
  one.conflicts.found(live.tag, 'another database has a tag of this name', true)
  one.conflicts.cleared(PATH)
  answered.resolve()
  await flight
  assert.equal(live.buffer.left, 0)
  await live.refiller.refill(NOW)
  assert.ok(live.buffer.left > 0)
})
