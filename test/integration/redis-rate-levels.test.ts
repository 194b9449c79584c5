// Runs beside others: nothing in it is measured; one Redis, for a second.

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { RedisRateLevels } from '../../service/adapters/redis/redis-rate-levels.ts'
import { mostLevelMs } from '../../service/core/rate-settlement.ts'
import { redisClient, untilWell } from './redis-clients.ts'
import { type TestRedis, testRedis } from './redis-server.ts'

/** Minutes, so that a slow machine changes nothing that is looked at. */
const TIMES = { everyMs: 60_000, fullMs: 100_000 }
const HEAVY = [{ name: 'x', usedMs: 1e12, elapsedMs: 0 }]

describe('rate limits in a Redis that others write to', () => {
  let redis: TestRedis
  let client: ReturnType<typeof redisClient>

  before(async () => {
    redis = await testRedis()
    client = redisClient(redis.endpoints, false)
    await untilWell(client)
  })
  after(() => client?.close())

  function settle(group: string, instance = 'a') {
    return new RedisRateLevels(client).settle({ group, instance, ...TIMES }, HEAVY)
  }

  it('count nobody who reports in times to come, as after a clock that went back, and all others', async () => {
    await redis.server.command('ZADD', 'rate:{future}:instances', '9e15', 'z', Date.now() + 600_000, 'y')
    for (const instance of ['b', 'a']) await settle('future', instance)
    const { instances, levelsMs } = await settle('future')
    assert.equal(instances, 2)
    assert.ok((levelsMs[0] ?? 0) <= mostLevelMs(TIMES.fullMs, TIMES.everyMs, 2), `${levelsMs[0]}`)
  })

  it('count no more instances than there can be', async () => {
    const made = Array.from({ length: 1500 }, (_, i) => [String(Date.now()), `made up ${i}`])
    await redis.server.command('ZADD', 'rate:{crowd}:instances', ...made.flat())
    const { instances, levelsMs } = await settle('crowd')
    assert.equal(instances, 1000)
    assert.ok((levelsMs[0] ?? 0) <= mostLevelMs(TIMES.fullMs, TIMES.everyMs, 1000), `${levelsMs[0]}`)
  })

  it('take what is no level for none, and one without end for what can be at most', async () => {
    for (const [kept, most] of [
      ['1e300', mostLevelMs(TIMES.fullMs, TIMES.everyMs, 1)],
      ['inf', mostLevelMs(TIMES.fullMs, TIMES.everyMs, 1)],
      ['nan', 5],
      ['words', 5],
    ] as const) {
      await redis.server.command('SET', `rate:{${kept}}:x`, kept)
      const reports = [{ name: 'x', usedMs: 5, elapsedMs: 0 }]
      const settling = { group: kept, instance: 'a', ...TIMES }
      const { levelsMs } = await new RedisRateLevels(client).settle(settling, reports)
      assert.deepEqual(levelsMs, [most], kept)
    }
  })
})
