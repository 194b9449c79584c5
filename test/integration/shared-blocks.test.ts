// Runs beside others: how many calls may wait is counted by the time that went by.

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { busyTags } from '../../service/adapters/postgres/busy-tags.ts'
import { PostgresCatalogStore } from '../../service/adapters/postgres/postgres-catalog-store.ts'
import { blockListKey } from '../../service/adapters/redis/redis-block-cache.ts'
import { raiseFloor } from '../../service/app/block-floor.ts'
import { tagAdvanceContract } from '../contracts/tag-advance.contract.ts'
import { temporaryFolder } from '../fixtures/temporary-folder.ts'
import { until } from '../fixtures/until.ts'
import { type CentreOptions, DataCentre, RealStores, STEP } from './block-processes.ts'
import type { RedisProcess } from './redis-process.ts'
import { type TestRedis, type TestRedisCluster, testRedis, testRedisCluster } from './redis-server.ts'

/** Resolves when the replica has its master's only key. */
async function copied(replica: RedisProcess): Promise<void> {
  await until('the key is copied', async () =>
    /keys=1/.test(String(await replica.command('INFO', 'keyspace'))),
  )
}

describe('segment blocks of four processes on real servers', () => {
  let stores: RealStores
  before(async () => {
    stores = await RealStores.start()
  })
  after(() => stores?.close())

  tagAdvanceContract('a tag in PostgreSQL, with etcd', async () => ({
    catalog: new PostgresCatalogStore(stores.database),
    serving: stores.newStore(),
    command: stores.newStore(),
    close: async () => {},
  }))

  describe('segments shared through one Redis', () => {
    let redis: TestRedis
    before(async () => {
      redis = await testRedis()
    })

    async function newCentre(more: Partial<CentreOptions> = {}): Promise<DataCentre> {
      const centre = new DataCentre(stores, await stores.newList(), { endpoints: redis.endpoints, ...more })
      await centre.well()
      return centre
    }

    it('a hit does not touch the database, and is refreshed after expiry', async () => {
      // Time enough for a busy machine to take two, and not long to wait for.
      const ttlMs = 4000
      const centre = await newCentre({ ttlMs })
      await centre.stock(12)
      assert.equal(await stores.allocations(centre.list), 1)
      await centre.take(2)
      assert.equal(centre.hits, 8)
      assert.equal(await stores.allocations(centre.list), 1, 'eight segments, and the database was not asked')
      await wait(ttlMs + 50)
      await centre.take(1)
      assert.equal(centre.hits, 8, 'what was left has expired')
      assert.equal(await stores.allocations(centre.list), 5)
      await centre.stock(4)
      await centre.take(1)
      assert.equal(centre.hits, 12)
      assert.equal(await stores.allocations(centre.list), 6)
      centre.check(16)
    })

    it('none that begins below an advance is used, whenever it was put aside', async () => {
      const centre = await newCentre()
      const { tagId, dc, generation } = centre.list
      await centre.stock(12)
      const floor = await stores.newStore().advance(tagId, dc, { by: 0 })
      // As for blocks whose records come after the advance has looked for them: those that are there stay.
      await raiseFloor(stores.newCoordinator(), { generation, dc }, floor)
      await centre.take(1)
      assert.equal(centre.hits, 0)
      await centre.stock(12)
      await centre.take(2)
      assert.ok(centre.hits > 0, 'those above are used')
    })

    it('blocks lie ready for the tags that were busy a moment ago', async () => {
      const centre = await newCentre()
      const idle = await stores.newList()
      const { tagId, dc, generation } = centre.list
      await centre.take(1)
      const busy = await busyTags(stores.database, dc)
      assert.deepEqual(
        busy.filter((one) => one.tagId === tagId || one.tagId === idle.tagId),
        [{ tagId, generation, dc, step: STEP }],
      )
      await stores.database.kysely
        .updateTable('segments')
        .set({ updated_at: new Date(Date.now() - 61_000) })
        .where('tag_id', '=', tagId)
        .execute()
      assert.ok(!(await busyTags(stores.database, dc)).some((one) => one.tagId === tagId))
      assert.deepEqual(await busyTags(stores.database, 5), [])
      const [one, two] = centre.instances
      assert.ok(one !== undefined && two !== undefined)
      const warm = () => Promise.resolve(busy.filter((tag) => tag.tagId === tagId))
      await one.blocks.prewarm(warm)
      await two.blocks.prewarm(warm)
      const before = await stores.allocations(centre.list)
      await centre.take(2)
      assert.equal(centre.hits, 8)
      assert.equal(await stores.allocations(centre.list), before)
      centre.check(12)
    })

    it('a Redis that is down costs speed only', async () => {
      const centre = await newCentre()
      await centre.stock(16)
      await centre.take(2)
      await redis.server.kill()
      await centre.take(5)
      await redis.server.start()
      await centre.well()
      await centre.stock(8)
      const { hits } = centre
      await centre.take(5)
      assert.ok(centre.hits > hits)
      centre.check(48)
    })

    it('a Redis that is slow costs speed only, and makes few calls wait', async () => {
      const centre = await newCentre()
      await centre.stock(16)
      await centre.take(2)
      redis.server.pause()
      const [one] = centre.instances
      assert.ok(one !== undefined)
      const { failed } = one.client.counters
      const startMs = performance.now()
      try {
        await centre.take(12)
      } finally {
        redis.server.resume()
      }
      // Three until it is left alone, and then at most a probe a second, for as long as it took.
      const probes = Math.floor((performance.now() - startMs) / 1000)
      const waited = one.client.counters.failed - failed
      assert.ok(waited <= 3 + probes, `${waited} calls waited`)
      await centre.well()
      await centre.stock(8)
      const { hits } = centre
      await centre.take(5)
      assert.ok(centre.hits > hits)
      centre.check(76)
    })

    it('a Redis that is flushed costs speed only', async () => {
      const centre = await newCentre()
      await centre.stock(16)
      await centre.take(2)
      const taking = centre.take(10)
      await redis.server.command('FLUSHALL')
      await taking
      await centre.stock(8)
      await centre.take(4)
      centre.check(64)
    })

    it('a Redis that loads an old dump without a restart repeats its blocks, and none is taken twice', async () => {
      const centre = await newCentre()
      await centre.stock(16)
      await redis.server.saveDump('full')
      await centre.take(2)
      await redis.server.putDumpBack('full')
      await redis.server.command('DEBUG', 'RELOAD', 'NOSAVE')
      assert.equal(await redis.server.command('ZCARD', blockListKey(centre.list)), 16)
      await centre.take(8)
      const dropped = centre.instances.reduce((sum, { blocks }) => sum + blocks.dropped, 0)
      assert.ok(dropped > 0, 'it did repeat blocks')
      centre.check(40)
    })

    it('a Redis that was restored from an old dump repeats its blocks, and none is taken twice', async () => {
      const centre = await newCentre()
      await centre.stock(16)
      await redis.server.saveDump('old')
      await centre.take(2)
      await redis.server.kill()
      await redis.server.putDumpBack('old')
      await redis.server.start()
      await centre.well()
      assert.equal(await redis.server.command('ZCARD', blockListKey(centre.list)), 16)
      await centre.take(8)
      centre.check(40)
    })

    it('a Redis and an etcd that were both restored to before blocks were taken hand out none of them twice', async () => {
      const folder = temporaryFolder('idgen-test-backup-')
      const counts = new Map<number, number>()
      const centre = await newCentre({ counts })
      await centre.stock(16)
      await redis.server.saveDump('both')
      await stores.etcd.snapshot(join(folder, 'etcd'))
      await centre.take(2)
      await stores.etcd.restore(join(folder, 'etcd'))
      await redis.server.kill()
      await redis.server.putDumpBack('both')
      await redis.server.start()
      const fresh = new DataCentre(stores, centre.list, { endpoints: redis.endpoints, counts })
      await Promise.all([centre.well(), fresh.well()])
      assert.equal(await redis.server.command('ZCARD', blockListKey(centre.list)), 16)
      await Promise.all([centre.take(6), fresh.take(6)])
      centre.check(56)
    })
  })

  describe('segments shared through a Redis cluster', () => {
    let redis: TestRedisCluster
    before(async () => {
      redis = await testRedisCluster()
    })

    it('that is failed over, with what it had not copied lost, and back, are taken once', async () => {
      const centre = new DataCentre(stores, await stores.newList(), {
        endpoints: redis.endpoints,
        cluster: true,
      })
      await centre.well()
      const key = blockListKey(centre.list)
      await centre.stock(32)
      const master = await redis.ownerOf(key)
      const replica = redis.nodes[redis.nodes.indexOf(master) + 3]
      assert.ok(replica !== undefined)
      await copied(replica)
      replica.pause()
      await master.command('CLIENT', 'KILL', 'TYPE', 'replica')
      await centre.take(2)
      assert.equal(centre.hits, 8)
      master.pause()
      replica.resume()
      await redis.failOver(master, true)
      assert.equal(await replica.command('ZCARD', key), 32, 'it never heard that eight were taken')
      await centre.take(2)
      master.resume()
      await redis.settled()
      await centre.well()
      await centre.take(2)
      await centre.stock(8)
      await centre.take(2)
      await redis.failOver(replica, false)
      await redis.settled()
      await centre.well()
      assert.equal((await redis.ownerOf(key)).port, master.port)
      await centre.take(2)
      await centre.stock(8)
      const { hits } = centre
      await centre.take(2)
      assert.ok(centre.hits > hits, 'blocks are shared again')
      centre.check(48)
    })
  })
})
