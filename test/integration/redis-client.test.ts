// Runs beside others: how many calls may wait is counted by the time that went by.

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { RedisBlockCache } from '../../service/adapters/redis/redis-block-cache.ts'
import type { RedisClient } from '../../service/adapters/redis/redis-client.ts'
import { RedisRecordCache } from '../../service/adapters/redis/redis-record-cache.ts'
import { SystemClock } from '../../service/adapters/system/system-clock.ts'
import { loadConfig } from '../../service/config/load.ts'
import { openCache } from '../../service/open-cache.ts'
import { rejectsWith } from '../contracts/rejects-with.ts'
import { RecordedLog } from '../fixtures/recorded-log.ts'
import { until } from '../fixtures/until.ts'
import { redisClient, untilWell } from './redis-clients.ts'
import { type TestRedis, testRedis } from './redis-server.ts'

const LIST = { tagId: 7, generation: 'a'.repeat(32), dc: 1 }
const BLOCK = { lo: 2 ** 53 - 1000, hi: 2 ** 53, nonce: 'e'.repeat(32) }
const TTL_MS = 600_000

describe('a connection to Redis', () => {
  let redis: TestRedis
  const clients: RedisClient[] = []
  before(async () => {
    redis = await testRedis()
  })
  after(() => {
    for (const client of clients) client.close()
  })

  function open(endpoint: string, log: RecordedLog, timeoutMs = 500): RedisClient {
    const client = redisClient([endpoint], false, { log, timeoutMs })
    clients.push(client)
    return client
  }

  it('is opened as configured, and not where nothing is', async () => {
    const log = new RecordedLog()
    const clock = new SystemClock()
    const environment = { IDGEN_REDIS_ENDPOINTS: redis.server.url, IDGEN_REDIS_TIMEOUT: '2s' }
    assert.equal(await openCache(loadConfig(undefined, {}), clock, log), undefined)
    const cache = await openCache(loadConfig(undefined, environment), clock, log)
    assert.ok(cache !== undefined)
    try {
      await until('the cache is well', async () => (await cache.health()) === undefined)
      assert.equal(cache.fault(), undefined)
      await cache.blocks.push(LIST, [BLOCK], TTL_MS)
      assert.equal(await redis.server.command('ZCARD', 'segment:{7}:1'), 1, 'under the key of R-2.1.3')
      const ttlMs = Number(await redis.server.command('PTTL', 'segment:{7}:1'))
      assert.ok(ttlMs > TTL_MS - 60_000 && ttlMs <= TTL_MS, String(ttlMs))
      assert.deepEqual(await cache.blocks.pop(LIST, 0), BLOCK)
      await cache.records.set('a', 'x', TTL_MS)
      assert.equal(await cache.records.get('a'), 'x')
      assert.equal(cache.counters.failed, 0)
    } finally {
      cache.close()
    }
    assert.match((await cache.health()) ?? '', /was closed/)
    assert.match(cache.fault() ?? '', /was closed/)
  })

  it('to a server that stopped answering makes three calls wait, and then one now and then', async () => {
    const log = new RecordedLog()
    const client = open(redis.server.url, log, 100)
    await untilWell(client)
    const records = new RedisRecordCache(client)
    redis.server.pause()
    try {
      const before = { ...client.counters }
      const startMs = performance.now()
      for (let i = 0; i < 500; i += 1) await rejectsWith('IDGEN_CACHE_UNAVAILABLE', records.get('a'))
      const waited = client.counters.failed - before.failed
      // All of them take half a second; where the machine stands still, one a second is let through to look.
      const looks = Math.floor((performance.now() - startMs) / 1000)
      assert.ok(waited >= 3 && waited <= 3 + looks, `${waited} calls waited`)
      assert.equal(client.counters.refused - before.refused, 500 - waited)
      assert.match(client.fault ?? '', /did not answer within 100 ms/)
    } finally {
      redis.server.resume()
    }
    await untilWell(client)
    assert.equal(client.fault, undefined)
    assert.equal(log.lines.filter(({ level }) => level === 'warn').length, 1)
    assert.equal(log.lines.filter(({ text }) => text === 'redis answers again').length, 1)
  })

  it('to a server that was killed refuses calls at once, and is made again by itself', async () => {
    const client = open(redis.server.url, new RecordedLog())
    await untilWell(client)
    await redis.server.kill()
    await until('the end of the connection is noticed', () => client.fault !== undefined)
    const before = { ...client.counters }
    for (let i = 0; i < 100; i += 1)
      assert.match((await client.health()) ?? '', /not connected|Connection is closed|isn't writeable/)
    assert.equal(client.counters.refused - before.refused, 100)
    await redis.server.start()
    await untilWell(client)
  })

  it('to nobody is no error, neither for who opens nor for who closes it', async () => {
    const log = new RecordedLog()
    const client = open('redis://127.0.0.1:1', log)
    await wait(50)
    assert.match((await client.health()) ?? '', /not connected/)
    client.close()
    client.close()
    assert.ok(log.lines.every(({ level }) => level !== 'error'))
  })

  it('with a password that is wrong says so without telling it', async () => {
    const log = new RecordedLog()
    const client = open(`redis://nobody:s3cret@127.0.0.1:${redis.server.port}`, log)
    await until('it says so', () => log.lines.length > 0)
    const told = JSON.stringify([log.lines, await client.health(), client.fault])
    assert.match(told, /WRONGPASS/)
    assert.doesNotMatch(told, /s3cret/)
  })

  it('of a user who may not run INFO caches keys but no blocks, and tells it once', async () => {
    await redis.server.command('ACL', 'SETUSER', 'limited', 'on', '>secret', '~*', '+@all', '-info')
    const log = new RecordedLog()
    const client = open(`redis://limited:secret@127.0.0.1:${redis.server.port}`, log)
    await until('it is connected', async () => (await client.health()) === undefined)
    const [blocks, records] = [new RedisBlockCache(client), new RedisRecordCache(client)]
    for (let i = 0; i < 10; i += 1) {
      await rejectsWith('IDGEN_CACHE_UNAVAILABLE', blocks.push(LIST, [BLOCK], TTL_MS))
      await records.set('a', String(i), TTL_MS)
    }
    assert.equal(client.fault, undefined)
    assert.equal(log.lines.filter(({ text }) => text.startsWith('redis refuses')).length, 1)
  })

  it('drops what others wrote under our keys', async () => {
    const client = open(redis.server.url, new RecordedLog())
    await untilWell(client)
    const [blocks, records] = [new RedisBlockCache(client), new RedisRecordCache(client)]
    await redis.server.command('SET', 'segment:{8}:0', 'text')
    const text = { ...LIST, tagId: 8, dc: 0 }
    assert.equal(await blocks.pop(text, 0), undefined)
    assert.equal(await blocks.count(text), 0)
    await blocks.push(text, [BLOCK], TTL_MS)
    assert.deepEqual(await blocks.pop(text, 0), BLOCK)
    await redis.server.command('ZADD', 'segment:{9}:0', 5, 'a:b:c', 6, '')
    assert.equal(await blocks.pop({ ...LIST, tagId: 9, dc: 0 }, 0), undefined)
    await redis.server.command('SET', 'long', 'x'.repeat(20_000))
    assert.equal(await records.get('long'), undefined)
    await redis.server.command('LPUSH', 'list', 'x')
    await rejectsWith('IDGEN_CACHE_UNAVAILABLE', records.get('list'))
  })
})
