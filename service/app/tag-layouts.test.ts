import assert from 'node:assert/strict'
import { test } from 'node:test'
import { liveTagOptions } from '../../test/fixtures/live-tag-options.ts'
import { ScriptedSegments } from '../../test/fixtures/scripted-segments.ts'
import { MemoryCatalog } from '../adapters/memory/memory-catalog.ts'
import { MemoryCatalogStore } from '../adapters/memory/memory-catalog-store.ts'
import { MemoryClock } from '../adapters/memory/memory-clock.ts'
import { IdBatch } from '../core/id-batch.ts'
import { Snowflake } from '../core/snowflake.ts'
import { DEFAULT_EPOCH_MS, snowflakeLayout } from '../core/snowflake-layout.ts'
import { TagCursors } from '../core/tag-cursors.ts'
import { decodeOfTag } from './decode-id.ts'
import type { LiveTag } from './live-tag.ts'
import { TagDirectory } from './tag-directory.ts'
import { completed } from './tag-request.ts'

const NOW = Date.UTC(2026, 5, 1)
const LAYOUT = snowflakeLayout(DEFAULT_EPOCH_MS)
const PATH = 'w/g/own'

/** A process with one tag of its own layout; `maxTags` 1: whoever asks for another one has it dropped. */
async function newDirectory() {
  const clock = new MemoryClock(NOW)
  const catalog = new MemoryCatalogStore(new MemoryCatalog(clock))
  await catalog.createWorkspace('w', '')
  await catalog.createGroup('w', 'g', '')
  const at = { workspace: 'w', group: 'g', displayName: '' }
  const own = completed({ space: { format: { snowflake: '53-bit' } } })
  await catalog.createTag({ ...at, name: 'own', ...own })
  await catalog.createTag({ ...at, name: 'other', ...completed({}) })
  const snowflake = new Snowflake({ layout: LAYOUT, seed: 1 })
  snowflake.install({ dc: 0, worker: 9, fromMs: NOW, untilMs: NOW + 30_000 })
  const tagCursors = new TagCursors({ holders: [snowflake], borrowMaxMs: 1000, seed: () => 1 })
  const directory = new TagDirectory({
    catalog,
    maxTags: 1,
    live: liveTagOptions({ store: new ScriptedSegments(), clock, snowflake, tagCursors }),
  })
  return { directory, tagCursors, clock }
}

function take(tag: LiveTag, count: number, nowMs: number): number[] {
  const batch = new IdBatch()
  tag.router.active.take(count, nowMs, batch)
  return Array.from({ length: batch.runCount }, (_, run) =>
    Array.from(
      { length: batch.runLength(run) },
      (__, i) => batch.runHi(run) * 2 ** 32 + batch.runLo(run) + i,
    ),
  ).flat()
}

test('a tag that was dropped from memory and comes back goes on above all that it gave', async () => {
  const { directory, tagCursors, clock } = await newDirectory()
  const given: number[] = []
  for (let round = 0; round < 5; round += 1) {
    const live = await directory.resolve(PATH)
    given.push(...take(live, 20, clock.nowMs()))
    assert.notEqual(tagCursors.endMs, Number.POSITIVE_INFINITY)
    await directory.resolve('w/g/other')
    assert.equal(directory.peek(PATH), undefined, 'dropped')
    assert.equal(tagCursors.endMs, Number.POSITIVE_INFINITY, 'nothing is kept of it')
    assert.deepEqual(take(live, 1, clock.nowMs()), [], 'whoever still has it gets nothing')
  }
  assert.equal(given.length, 100)
  assert.deepEqual(
    given,
    [...new Set(given)].toSorted((a, b) => a - b),
  )
})

test('a clock that stepped back while a tag was not in memory is refused as if it had been', async () => {
  const { directory } = await newDirectory()
  assert.equal(take(await directory.resolve(PATH), 1, NOW + 5000).length, 1)
  await directory.resolve('w/g/other')
  const again = await directory.resolve(PATH)
  assert.deepEqual(take(again, 1, NOW + 3999), [])
  assert.match(again.router.active.fault(NOW + 3999) ?? '', /1001 ms before a stamp already made/)
  assert.equal(take(again, 1, NOW + 4000).length, 1)
})

test('its numbers are read by its layout, and a UUID that it degraded to as one', async () => {
  const { directory, clock } = await newDirectory()
  const live = await directory.resolve(PATH)
  const [id = 0] = take(live, 1, clock.nowMs())
  const decoded = decodeOfTag(String(id), live.tag, LAYOUT)
  assert.ok(decoded.kind === 'snowflake')
  assert.deepEqual([decoded.timeMs, decoded.worker, decoded.version], [NOW, 9, 0])
  const uuid = '01890a5d-ac96-774b-bcce-b302099a8057'
  assert.equal(decodeOfTag(uuid, live.tag, LAYOUT).kind, 'uuid')
  assert.throws(() => decodeOfTag('-1', live.tag, LAYOUT), /decimal number/)
})
