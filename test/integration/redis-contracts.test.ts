import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { blockListKey, RedisBlockCache } from '../../service/adapters/redis/redis-block-cache.ts'
import { RedisRateLevels } from '../../service/adapters/redis/redis-rate-levels.ts'
import { RedisRecordCache } from '../../service/adapters/redis/redis-record-cache.ts'
import { blockCacheContract } from '../contracts/block-cache.contract.ts'
import { rateLevelsContract } from '../contracts/rate-levels.contract.ts'
import { recordCacheContract } from '../contracts/record-cache.contract.ts'
import { redisClient, untilWell } from './redis-clients.ts'
import { type TestRedisCluster, testRedis, testRedisCluster } from './redis-server.ts'

blockCacheContract('RedisBlockCache on one server', async () => {
  const { endpoints, server } = await testRedis()
  const clients = [redisClient(endpoints, false), redisClient(endpoints, false)] as const
  await untilWell(...clients)
  return {
    blocks: new RedisBlockCache(clients[0]),
    others: new RedisBlockCache(clients[1]),
    pass: (ms) => wait(ms),
    newRun: async () => {
      await server.saveDump('before')
      await server.kill()
      await server.start()
      await untilWell(...clients)
    },
    lying: async (list) => Number(await server.command('ZCARD', blockListKey(list))),
    close: async () => clients.forEach((client) => client.close()),
  }
})

/** Built once for both contracts: it takes a few seconds. */
let building: Promise<TestRedisCluster> | undefined
function cluster(): Promise<TestRedisCluster> {
  building ??= testRedisCluster()
  return building
}

blockCacheContract('RedisBlockCache on a cluster', async () => {
  const servers = await cluster()
  const { endpoints } = servers
  const clients = [redisClient(endpoints, true), redisClient(endpoints, true)] as const
  await untilWell(...clients)
  return {
    blocks: new RedisBlockCache(clients[0]),
    others: new RedisBlockCache(clients[1]),
    pass: (ms) => wait(ms),
    newRun: async () => {
      for (const master of servers.nodes.slice(0, 3)) await servers.failOver(master, false)
      await servers.settled()
      await untilWell(...clients)
    },
    lying: async (list) => {
      const key = blockListKey(list)
      return Number(await (await servers.ownerOf(key)).command('ZCARD', key))
    },
    close: async () => clients.forEach((client) => client.close()),
  }
})

recordCacheContract('RedisRecordCache on one server', async () => {
  const { clients, ...rest } = await twoClients(await testRedis(), false)
  return { ...rest, records: new RedisRecordCache(clients[0]), others: new RedisRecordCache(clients[1]) }
})

recordCacheContract('RedisRecordCache on a cluster', async () => {
  const { clients, ...rest } = await twoClients(await cluster(), true)
  return { ...rest, records: new RedisRecordCache(clients[0]), others: new RedisRecordCache(clients[1]) }
})

test('of a value that is too long for a record no more is read than shows it', async () => {
  const { server, ...at } = await testRedis()
  const { clients, close } = await twoClients(at, false)
  const records = new RedisRecordCache(clients[0])
  const sentBytes = async (): Promise<number> =>
    Number(/total_net_output_bytes:(\d+)/.exec(String(await server.command('INFO', 'stats')))?.[1])
  // In bytes one too many, and in characters far fewer; cut off in the middle of one.
  for (const value of ['x'.repeat(8_000_000), `x${'ü'.repeat(8192)}`]) {
    await server.command('SET', 'foreign', value)
    const before = await sentBytes()
    assert.equal(await records.get('foreign'), undefined)
    assert.ok((await sentBytes()) - before < 1_000_000)
  }
  await close()
})

rateLevelsContract('RedisRateLevels on one server', async () => {
  const { clients, ...rest } = await twoClients(await testRedis(), false)
  return { ...rest, levels: new RedisRateLevels(clients[0]), others: new RedisRateLevels(clients[1]) }
})

rateLevelsContract('RedisRateLevels on a cluster', async () => {
  const { clients, ...rest } = await twoClients(await cluster(), true)
  return { ...rest, levels: new RedisRateLevels(clients[0]), others: new RedisRateLevels(clients[1]) }
})

/** Of two processes, and what a contract over them needs beside. */
async function twoClients({ endpoints }: { readonly endpoints: readonly string[] }, isCluster: boolean) {
  const clients = [redisClient(endpoints, isCluster), redisClient(endpoints, isCluster)] as const
  await untilWell(...clients)
  return {
    clients,
    pass: (ms: number) => wait(ms),
    close: async () => clients.forEach((client) => client.close()),
  }
}
