import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { batchNumbers } from '../test/fixtures/batch-numbers.ts'
import { type MemoryUseCases, memoryUseCases } from '../test/fixtures/memory-use-cases.ts'
import { settle } from '../test/fixtures/settle.ts'
import { MemoryCatalog } from './adapters/memory/memory-catalog.ts'
import { MemoryCatalogStore } from './adapters/memory/memory-catalog-store.ts'
import { MemoryClock } from './adapters/memory/memory-clock.ts'
import { MemoryCoordination } from './adapters/memory/memory-coordination.ts'
import { MemoryCoordinator } from './adapters/memory/memory-coordinator.ts'
import { MemorySegmentLedger } from './adapters/memory/memory-segment-ledger.ts'
import { IdBatch } from './core/id-batch.ts'
import { DEFAULT_SPACE, DEFAULT_STEP } from './core/tag.ts'

/** Two data centres with a database each, joined by one etcd; everything in memory, wired as in production. */
async function twoDataCentres(t: TestContext) {
  const clock = new MemoryClock()
  const etcd = new MemoryCoordination(clock)
  const databases = [0, 1].map(() => new MemoryCatalog(clock))
  const start = (dc: number): Promise<MemoryUseCases> =>
    memoryUseCases({
      clock,
      environment: { IDGEN_DATACENTER_ID: String(dc) },
      outside: {
        ...storesOf(databases[dc] ?? assert.fail('there are two')),
        shared: { coordinator: new MemoryCoordinator(etcd), database: `database ${dc}` },
        instance: `dc${dc}/1`,
      },
    })
  const both = [await start(0), await start(1)] as const
  t.after(() => Promise.all(both.map((one) => one.stop())))
  return { clock, etcd, databases, zero: both[0], one: both[1] }
}

function storesOf(database: MemoryCatalog) {
  return { catalog: new MemoryCatalogStore(database), ledger: new MemorySegmentLedger(database) }
}

const ACTOR = { actor: 'test', traceId: undefined }
const ORDERS = { workspace: 'acme', group: 'shop', name: 'orders' }

async function makeOrders({ useCases: { catalog } }: MemoryUseCases): Promise<void> {
  await catalog.createWorkspace(ACTOR, 'acme', '')
  await catalog.createGroup(ACTOR, 'acme', 'shop', '')
  await catalog.createTag(ACTOR, ORDERS, { algorithm: 'segment' })
}

async function take({ useCases }: MemoryUseCases, count: number): Promise<readonly bigint[]> {
  const batch = new IdBatch()
  await useCases.generate.take(await useCases.directory.resolve('acme/shop/orders'), count, batch)
  return batchNumbers(batch)
}

test('a tag made in one data centre is served by the other, from cells of its own', async (t) => {
  const { zero, one } = await twoDataCentres(t)
  await makeOrders(zero)
  await settle()
  const numbers = [...(await take(zero, 500)), ...(await take(one, 500))]
  assert.equal(new Set(numbers).size, 1000)
  assert.equal(numbers[0], 1n)
  assert.equal(numbers[500], 1n + 2n ** 32n)
})

test('both hold a worker id that etcd knows, and let go of it', async (t) => {
  const { etcd, zero, one } = await twoDataCentres(t)
  assert.equal(zero.service.workerIds.faults[0], undefined)
  assert.equal(one.service.workerIds.faults[0], undefined)
  assert.equal(etcd.list('/workers/').entries.length, 2)
  await zero.stop()
  assert.deepEqual(
    etcd.list('/workers/').entries.map(({ key }) => key.split('/')[2]),
    ['1'],
  )
})

test('every grant is witnessed, and without etcd a data centre grants as far as was promised', async (t) => {
  const { etcd, zero } = await twoDataCentres(t)
  await makeOrders(zero)
  await take(zero, 10)
  const { counters } = zero.service.allocator
  assert.ok(counters.witnessed > 0 && counters.alone === 0)
  etcd.away = 'a test cut it off'
  const before = counters.witnessed
  assert.equal((await take(zero, 3000)).length, 3000)
  assert.ok(counters.alone > 0)
  assert.equal(counters.witnessed, before)
})

test('readiness names what is wrong with etcd and stays ready', async (t) => {
  const { etcd, zero } = await twoDataCentres(t)
  await settle()
  assert.deepEqual(zero.useCases.readiness.report().degraded, [])
  etcd.away = 'a test cut it off'
  await settle()
  const { ready, degraded } = zero.useCases.readiness.report()
  assert.equal(ready, true)
  assert.deepEqual(
    degraded.map(({ what }) => what),
    ['etcd'],
  )
})

test('a tag made past etcd is granted no number before its name is agreed upon there, and given snowflakes then', async (t) => {
  const { clock, etcd, zero, one, databases } = await twoDataCentres(t)
  await zero.useCases.catalog.createWorkspace(ACTOR, 'acme', '')
  await zero.useCases.catalog.createGroup(ACTOR, 'acme', 'shop', '')
  const { catalog } = storesOf(databases[0] ?? assert.fail('there are two'))
  const rest = { chain: ['segment', 'snowflake'] as const, step: DEFAULT_STEP, space: DEFAULT_SPACE }
  await catalog.createTag({ ...ORDERS, displayName: '', ...rest })
  // Meanwhile the other data centre could have the name, with numbers or a layout of its own.
  const taken = take(zero, 10)
  await settle()
  clock.advance(5)
  assert.ok((await taken).every((id) => id > 2n ** 53n))
  assert.ok(etcd.list('/ranges/').entries.length > 0)
  await settle()
  assert.deepEqual(await take(one, 1), [1n + 2n ** 32n])
  const { tag } = await zero.useCases.directory.resolve('acme/shop/orders')
  assert.equal((await zero.service.allocator.allocate(tag.id, 0, 10)).lo, 1)
})

test('a tag whose name another database claims is granted no number, and readiness names it', async (t) => {
  const { etcd, zero } = await twoDataCentres(t)
  await makeOrders(zero)
  const claim = { generation: 'f'.repeat(32), startAt: 1, cellSize: 1000, dcCount: 1 }
  etcd.transact({
    compare: [],
    change: [{ put: '/ranges/acme/shop/orders', value: JSON.stringify(claim) }],
  })
  await zero.service.coordination?.sync.sync('acme/shop/orders')
  assert.ok(
    (await take(zero, 10)).every((id) => id > 2n ** 53n),
    'snowflakes: the tag degraded',
  )
  assert.equal(zero.service.allocator.counters.witnessed, 0)
  assert.match(JSON.stringify(zero.useCases.readiness.report().degraded), /tag acme\/shop\/orders/)
})
