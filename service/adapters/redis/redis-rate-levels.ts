import { mostLevelMs } from '../../core/rate-settlement.ts'
import {
  COUNTED_FOR,
  type NamedReport,
  type RateLevels,
  type SettledLevels,
  type Settling,
} from '../../ports/rate-levels.ts'
import type { RedisClient } from './redis-client.ts'
import { cacheUnavailable } from './redis-error.ts'

/**
 * The buckets of rate limits that instances hold together, in Redis, single or cluster:
 *
 *     rate:{<group>}:instances   sorted set of who reported, by when
 *     rate:{<group>}:<name>      Unix ms when the bucket will have run empty; gone by then
 *
 * The braces keep a group on one node of a cluster: a script's keys have to lie together.
 */
export class RedisRateLevels implements RateLevels {
  readonly #client: Pick<RedisClient, 'run'>

  constructor(client: Pick<RedisClient, 'run'>) {
    this.#client = client
  }

  async settle(settling: Settling, reports: readonly NamedReport[]): Promise<SettledLevels> {
    const { group, instance, everyMs, fullMs } = settling
    const keys = ['instances', ...reports.map(({ name }) => name)].map((name) => `rate:{${group}}:${name}`)
    const numbers = reports.flatMap(({ elapsedMs, usedMs }) => [elapsedMs, usedMs])
    const words = [instance, everyMs * COUNTED_FOR, fullMs, everyMs, ...numbers]
    const told = await this.#client.run('settling rate limits', (redis) =>
      redis.eval(SETTLE_SCRIPT, keys.length, ...keys, ...words),
    )
    return levelsIn(told, reports.length, settling)
  }
}

/** What others wrote into our Redis, or who stands in its place, must not refuse anybody for longer than seconds. */
function levelsIn(told: unknown, count: number, { fullMs, everyMs }: Settling): SettledLevels {
  const [counted = Number.NaN, ...levelsMs] = Array.isArray(told) ? told.map(Number) : []
  const sane = levelsMs.length === count && levelsMs.every((ms) => Number.isFinite(ms) && ms >= 0)
  if (!sane || !Number.isSafeInteger(counted) || counted < 1)
    throw cacheUnavailable('Redis told of rate limits what is no answer; it was dropped.')
  const instances = Math.min(counted, INSTANCES_MAX)
  const mostMs = mostLevelMs(fullMs, everyMs, instances)
  return { instances, levelsMs: levelsMs.map((ms) => Math.min(ms, mostMs)) }
}

/** More than a database has processes; what is remembered of a name grows with each. */
const INSTANCES_MAX = 1000

/**
 * KEYS: the set of instances, then the names; ARGV: instance, for how long it counts, fullMs, everyMs, then elapsedMs and
 * usedMs of each name. As emptyOfAll and mostLevelMs (core/rate-settlement.ts) do it; times are the server's own. Returns
 * how many instances there are, and the level of each name, as text: Redis cuts numbers to whole ones. What is no number,
 * written by others, counts as nothing, and neither does who reports in times to come: others wrote that, too, or the clock
 * went back, and it would never grow old.
 */
const SETTLE_SCRIPT = `
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
if redis.call('TYPE', KEYS[1]).ok ~= 'zset' then redis.call('DEL', KEYS[1]) end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[2])
redis.call('ZREMRANGEBYSCORE', KEYS[1], string.format('(%.17g', now), '+inf')
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
local instances = math.min(redis.call('ZCARD', KEYS[1]), ${INSTANCES_MAX})
local most = ARGV[3] + instances * (ARGV[3] + ARGV[4])
local levels = {tostring(instances)}
for i = 2, #KEYS do
  local kept = redis.call('TYPE', KEYS[i]).ok == 'string' and tonumber(redis.call('GET', KEYS[i])) or 0
  if kept ~= kept then kept = 0 end
  local empty = math.min(math.max(kept, now - ARGV[2 * i + 1]) + ARGV[2 * i + 2], now + most)
  local level = math.max(0, empty - now)
  if level > 0 then
    redis.call('SET', KEYS[i], string.format('%.3f', empty), 'PX', math.ceil(level))
  else
    redis.call('DEL', KEYS[i])
  end
  levels[i] = string.format('%.3f', level)
end
return levels
`
