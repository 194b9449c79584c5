import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { liveTagOptions } from '../../test/fixtures/live-tag-options.ts'
import { RecordedLog } from '../../test/fixtures/recorded-log.ts'
import { settle } from '../../test/fixtures/settle.ts'
import { MemoryApiKeyStore } from '../adapters/memory/memory-api-key-store.ts'
import { MemoryAuditSink } from '../adapters/memory/memory-audit-sink.ts'
import { MemoryCatalog } from '../adapters/memory/memory-catalog.ts'
import { MemoryCatalogStore } from '../adapters/memory/memory-catalog-store.ts'
import { MemoryClock } from '../adapters/memory/memory-clock.ts'
import { MemorySegmentLedger } from '../adapters/memory/memory-segment-ledger.ts'
import { IdgenError } from '../core/errors.ts'
import { IdBatch } from '../core/id-batch.ts'
import { Snowflake } from '../core/snowflake.ts'
import { DEFAULT_EPOCH_MS, snowflakeLayout } from '../core/snowflake-layout.ts'
import { UuidV4 } from '../core/uuid-v4.ts'
import { UuidV7 } from '../core/uuid-v7.ts'
import type { CatalogChanges } from '../ports/catalog-store.ts'
import { AuditTrail } from './audit-trail.ts'
import { Authenticator } from './authenticator.ts'
import { CapacityWatch } from './capacity-watch.ts'
import { CatalogFollower } from './catalog-follower.ts'
import { ManageCatalog } from './manage-catalog.ts'
import { Readiness } from './readiness.ts'
import { RouterWatch } from './router-watch.ts'
import { SegmentAllocator } from './segment-allocator.ts'
import { TagDirectory } from './tag-directory.ts'
import { WorkerIds } from './worker-ids.ts'

const ACTOR = { actor: 'test', traceId: undefined }
const REF = { workspace: 'w', group: 'g', name: 't' }

/** One process as the catalogue sees it; two of them share `memory`. */
function newProcess(memory: MemoryCatalog, clock: MemoryClock, maxTags = 100) {
  const log = new RecordedLog()
  const sink = new MemoryAuditSink()
  const catalog = new MemoryCatalogStore(memory)
  const segments = new SegmentAllocator({ ledger: new MemorySegmentLedger(memory) })
  const audit = new AuditTrail({ sink, clock, log, queueMax: 1000, flushEveryMs: 1000 })
  const fill = (bytes: Uint8Array): void => void bytes.fill(7)
  const snowflake = new Snowflake({ layout: snowflakeLayout(DEFAULT_EPOCH_MS), seed: 1 })
  const directory = new TagDirectory({
    catalog,
    maxTags,
    live: liveTagOptions({
      store: segments,
      clock,
      log,
      snowflake,
      shared: { snowflake, 'uuid-v7': new UuidV7(fill), 'uuid-v4': new UuidV4(fill) },
    }),
  })
  const authenticator = new Authenticator({
    keys: new MemoryApiKeyStore(memory),
    clock,
    enabled: true,
    adminKey: undefined,
    cacheMaxEntries: 10,
    cacheTtlMs: 1000,
    graceMs: 0,
  })
  const follower = new CatalogFollower({ catalog, directory, authenticator, clock, log, pollEveryMs: 1000 })
  const manage = new ManageCatalog({ catalog, directory, audit, clock })
  return { log, sink, audit, segments, directory, follower, manage, catalog }
}

type Process = ReturnType<typeof newProcess>

let clock: MemoryClock
let memory: MemoryCatalog
let one: Process

beforeEach(async () => {
  clock = new MemoryClock()
  memory = new MemoryCatalog(clock)
  one = newProcess(memory, clock)
  await one.manage.createWorkspace(ACTOR, 'w', 'W')
  await one.manage.createGroup(ACTOR, 'w', 'g', 'G')
})

function refuses(code: string) {
  return (error: unknown): boolean => error instanceof IdgenError && error.code === code
}

test('a tag gets defaults for all that was not said', async () => {
  const tag = await one.manage.createTag(ACTOR, REF, {})
  assert.deepEqual(tag.chain, ['segment', 'snowflake', 'uuid-v7', 'uuid-v4'])
  assert.deepEqual(tag.step, { base: 1000, min: 100, max: 1_000_000 })
  const small = await one.manage.createTag(
    ACTOR,
    { ...REF, name: 'small' },
    { algorithm: 'segment', step: { base: 1 } },
  )
  assert.deepEqual(small.step, { base: 1, min: 1, max: 1_000_000 })
  const chain = ['segment', 'snowflake'] as const
  const numeric = await one.manage.createTag(ACTOR, { ...REF, name: 'numeric' }, { chain })
  assert.deepEqual(numeric.chain, ['segment', 'snowflake'])
})

test('all faults of a draft come at once and nothing is made', async () => {
  const bad = one.manage.createTag(ACTOR, REF, {
    chain: ['uuid-v7', 'segment'],
    step: { base: 0, min: 5, max: 2 ** 40 },
    space: { dcCount: 9 },
  })
  await assert.rejects(bad, (error: unknown) => {
    assert.ok(error instanceof IdgenError)
    const paths = new Set(error.faults.map(({ path }) => path))
    for (const path of ['/chain', '/step/base', '/step/max', '/space/dcCount'])
      assert.ok(paths.has(path), path)
    return true
  })
  await assert.rejects(one.manage.tag(REF), refuses('IDGEN_TAG_NOT_FOUND'))
})

test('the number space of a tag never changes', async () => {
  await one.manage.createTag(ACTOR, REF, {})
  await assert.rejects(
    one.manage.updateTag(ACTOR, REF, { space: { startAt: 5 } }, undefined),
    refuses('IDGEN_IMMUTABLE'),
  )
  const same = await one.manage.updateTag(
    ACTOR,
    REF,
    { space: { startAt: 1 }, step: { base: 500 } },
    undefined,
  )
  assert.equal(same.step.base, 500)
})

test('a change is audited with before and after, and nothing of it is lost at a stop', async () => {
  await one.manage.createTag(ACTOR, REF, {})
  await one.manage.updateTag(ACTOR, REF, { displayName: 'New' }, 1)
  await one.manage.deleteTag(ACTOR, REF, 2)
  await one.audit.stop()
  const actions = one.sink.records.map(({ action }) => action)
  assert.deepEqual(actions, ['workspace.create', 'group.create', 'tag.create', 'tag.update', 'tag.delete'])
  const update = one.sink.records.find(({ action }) => action === 'tag.update')
  assert.ok(update !== undefined)
  assert.equal((update.detail['after'] as { displayName: string }).displayName, 'New')
  assert.equal(update.workspace, 'w')
})

test('a changed chain is live at once without losing the segments in memory', async () => {
  await one.manage.createTag(ACTOR, REF, {})
  const live = await one.directory.resolve('w/g/t')
  await live.refiller.refill(clock.nowMs())
  const batch = new IdBatch()
  live.router.active.take(1, clock.nowMs(), batch)
  await one.manage.updateTag(ACTOR, REF, { algorithm: 'uuid-v4' }, undefined)
  assert.equal(one.directory.peek('w/g/t'), live)
  assert.equal(live.router.active.name, 'uuid-v4')
  assert.ok(live.buffer.left > 0)
})

test('what another process changes or deletes is live here after one poll', async () => {
  const two = newProcess(memory, clock)
  await one.manage.createTag(ACTOR, REF, {})
  await two.follower.poll()
  const live = await two.directory.resolve('w/g/t')
  await one.manage.updateTag(ACTOR, REF, { algorithm: 'uuid-v7' }, undefined)
  await two.follower.poll()
  assert.equal(live.router.active.name, 'uuid-v7')
  await one.manage.deleteTag(ACTOR, REF, undefined)
  await two.follower.poll()
  assert.equal(live.removed, true)
  assert.equal(two.directory.peek('w/g/t'), undefined)
})

test('a database that hangs is told after two seconds, and forgotten when it answers', async (t) => {
  const answer = Promise.withResolvers<CatalogChanges>()
  t.mock.method(one.catalog, 'changesSince', () => answer.promise)
  const polled = one.follower.poll()
  clock.advance(1999)
  assert.equal(one.follower.fault, undefined)
  clock.advance(1)
  assert.match(one.follower.fault ?? '', /not answered for 2000 ms/)
  answer.resolve({ revision: 1, history: 'memory/1', tagPaths: [], keyIds: [] })
  await polled
  assert.equal(one.follower.fault, undefined)
  assert.equal(clock.pending, 0)
})

test('what was loaded before the first answer of the catalogue is looked at again', async () => {
  await one.manage.createTag(ACTOR, REF, {})
  const two = newProcess(memory, clock)
  const live = await two.directory.resolve('w/g/t')
  await one.manage.deleteTag(ACTOR, REF, undefined)
  await two.follower.poll()
  assert.equal(live.removed, true)
})

test('a database restored from a backup makes everything be looked at again, ids given out twice included', async () => {
  await one.manage.createTag(ACTOR, REF, {})
  const two = newProcess(memory, clock)
  await two.follower.poll()
  const live = await two.directory.resolve('w/g/t')
  const restored = new MemoryCatalog(clock)
  const other = newProcess(restored, clock)
  await other.catalog.createWorkspace('w', '')
  await other.catalog.createGroup('w', 'g', '')
  const again = await other.manage.createTag(ACTOR, REF, {})
  Object.assign(again, { generation: 'f'.repeat(32) })
  assert.equal(again.id, live.tag.id)
  memory.tags.set('w/g/t', again)
  const changes = { revision: restored.revision - 1, history: 'memory/1', tagPaths: [], keyIds: [] }
  two.catalog.changesSince = () => Promise.resolve(changes)
  await two.follower.poll()
  assert.equal(live.removed, true)
})

test('look-ups wait for one of a few turns, and beyond a thousand are refused', async () => {
  const { catalog, directory } = newProcess(memory, clock)
  const find = catalog.findPublication.bind(catalog)
  let [running, most] = [0, 0]
  catalog.findPublication = async (ref) => {
    running += 1
    most = Math.max(most, running)
    await settle(1)
    running -= 1
    return await find(ref)
  }
  const names = Array.from({ length: 1040 }, (_, i) => `w/g/none${i}`)
  const codes = await Promise.all(
    names.map((path) =>
      directory.resolve(path).then(undefined, (error: unknown) => (error as IdgenError).code),
    ),
  )
  assert.equal(most, 16)
  assert.equal(codes.filter((code) => code === 'IDGEN_OVERLOADED').length, 40)
  assert.equal(codes.filter((code) => code === 'IDGEN_TAG_NOT_FOUND').length, 1000)
})

test('a tag deleted and made again is another tag: the old object is dropped', async () => {
  await one.manage.createTag(ACTOR, REF, {})
  const two = newProcess(memory, clock)
  await two.follower.poll()
  const old = await two.directory.resolve('w/g/t')
  await one.manage.deleteTag(ACTOR, REF, undefined)
  await one.manage.createTag(ACTOR, REF, {})
  await two.follower.poll()
  assert.equal(old.removed, true)
  assert.notEqual((await two.directory.resolve('w/g/t')).tag.id, old.tag.id)
})

test('concurrent first requests make one live tag', async () => {
  await one.manage.createTag(ACTOR, REF, {})
  const lives = await Promise.all(Array.from({ length: 50 }, () => one.directory.resolve('w/g/t')))
  assert.equal(new Set(lives).size, 1)
})

test('a look-up that its caller gave up makes no second live tag when the catalogue answers late', async (t) => {
  await one.manage.createTag(ACTOR, REF, {})
  const two = newProcess(memory, clock)
  const found = await two.catalog.findPublication(REF)
  const answers: (() => void)[] = []
  t.mock.method(two.catalog, 'findPublication', () => new Promise((end) => answers.push(() => end(found))))
  const gaveUp = assert.rejects(two.directory.resolve('w/g/t'), refuses('IDGEN_STORE_UNAVAILABLE'))
  clock.advance(1500)
  await gaveUp
  const again = two.directory.resolve('w/g/t')
  for (const answer of answers) answer()
  const live = await again
  assert.equal(answers.length, 1)
  assert.equal(await two.directory.resolve('w/g/t'), live)
  assert.equal(two.directory.peek('w/g/t'), live)
})

test('the directory is bounded: a tag not used lately goes, its numbers return', async () => {
  const two = newProcess(memory, clock, 3)
  for (const name of ['a', 'b', 'c', 'd']) await one.manage.createTag(ACTOR, { ...REF, name }, {})
  const first = await two.directory.resolve('w/g/a')
  const second = await two.directory.resolve('w/g/b')
  await two.directory.resolve('w/g/c')
  second.used = false
  await two.directory.resolve('w/g/d')
  assert.equal(two.directory.size, 3)
  assert.equal(second.removed, true)
  assert.equal(first.removed, false)
})

test('a tag that requests wait for is kept, however many others are asked for', async () => {
  const two = newProcess(memory, clock, 1)
  for (const name of ['a', 'b']) await one.manage.createTag(ACTOR, { ...REF, name }, {})
  const awaited = await two.directory.resolve('w/g/a')
  awaited.used = false
  awaited.waiting = 1
  await two.directory.resolve('w/g/b')
  assert.equal(awaited.removed, false)
})

test('a display name with a control character is refused on every protocol', async () => {
  await assert.rejects(one.manage.createWorkspace(ACTOR, 'x', 'a\u0000b'), refuses('IDGEN_REQUEST_INVALID'))
  await assert.rejects(one.manage.createWorkspace(ACTOR, 'x', 'a\nb'), refuses('IDGEN_REQUEST_INVALID'))
})

test('paths that are not w/g/t are refused with the value', async () => {
  for (const path of ['w/g', 'w/g/t/x', 'W/g/t', '', '//', 'w/g/../t'])
    await assert.rejects(one.directory.resolve(path), refuses('IDGEN_NAME_INVALID'))
  await assert.rejects(one.directory.resolve('w/g/nothing'), refuses('IDGEN_TAG_NOT_FOUND'))
})

test('ranges are opened at the start and a tag above the share raises one alert, until it has room again', async () => {
  const space = { cellSize: 1000, dcCount: 1, startAt: 2 ** 53 - 10_000 }
  const tag = await one.manage.createTag(ACTOR, REF, { step: { base: 100, min: 1, max: 1000 }, space })
  const watch = new CapacityWatch({
    store: one.segments,
    audit: one.audit,
    clock,
    log: one.log,
    dc: 0,
    checkEveryMs: 3_600_000,
    alertShare: 0.8,
  })
  await watch.start()
  assert.equal(one.log.lines.filter(({ text }) => text === 'ranges opened').length, 1)
  for (let i = 0; i < 9; i += 1) await one.segments.allocate(tag.id, 0, 1000)
  clock.advance(3_600_000)
  await settle()
  clock.advance(3_600_000)
  await settle()
  assert.equal(one.log.lines.filter(({ text }) => text === 'number space nearly used up').length, 1)
  const { largestShare = 0 } = watch
  assert.ok(largestShare > 0.8 && largestShare <= 1)
  assert.equal(watch.alerting, 1)
  await watch.stop()
  await one.audit.flush()
  assert.ok(one.sink.records.some(({ action }) => action === 'capacity.alert'))
})

test('a process is not ready before its start nor while it drains, but it is while degraded', async () => {
  const keeper = { fault: undefined as string | undefined }
  const workerIds = new WorkerIds([keeper as never])
  const follower = { fault: undefined as string | undefined }
  const readiness = new Readiness({
    directory: one.directory,
    follower: follower as unknown as CatalogFollower,
    workerIds,
    clock,
  })
  assert.equal(readiness.report().ready, false)
  readiness.started()
  follower.fault = 'away'
  assert.equal(readiness.expectsTraffic(), false, 'nobody was ever told that it is ready')
  follower.fault = undefined
  assert.deepEqual(readiness.report(), { ready: true, draining: false, degraded: [] })
  follower.fault = 'away'
  assert.equal(readiness.expectsTraffic(), true, 'endpoints still point to one that was ready a moment ago')
  assert.equal(
    readiness.report().ready,
    false,
    'without the database and without a loaded tag nothing can be served',
  )
  await one.manage.createTag(ACTOR, REF, {})
  await one.directory.resolve('w/g/t')
  keeper.fault = 'no worker id'
  assert.equal(readiness.report().ready, true)
  assert.deepEqual(
    readiness.report().degraded.map(({ what }) => what),
    ['database', 'snowflake'],
  )
  readiness.drain()
  assert.deepEqual([readiness.report().ready, readiness.report().draining], [false, true])
})

test('a degraded tag is named, logged, counted and audited, and so is its recovery', async () => {
  await one.manage.createTag(ACTOR, REF, {})
  const live = await one.directory.resolve('w/g/t')
  const watch = new RouterWatch({
    directory: one.directory,
    audit: one.audit,
    clock,
    log: one.log,
    probeEveryMs: 1000,
  })
  const event = live.router.degrade({ code: 'IDGEN_STORE_UNAVAILABLE', message: 'away' }, clock.nowMs())
  assert.ok(event !== undefined)
  watch.tell(live, event)
  watch.start()
  for (let probe = 0; probe < 3; probe += 1) {
    clock.advance(1000)
    await settle()
  }
  await watch.stop()
  assert.equal(live.router.degraded, false)
  assert.deepEqual(watch.moves, { degraded: 1, recovered: 1 })
  await one.audit.flush()
  const actions = one.sink.records
    .map(({ action }) => action)
    .filter((action) => action.startsWith('algorithm'))
  assert.deepEqual(actions, ['algorithm.degrade', 'algorithm.recover'])
})
