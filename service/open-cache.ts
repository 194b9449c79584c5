import type { RedisCounters } from './adapters/redis/redis-client.ts'
import type { RedisFacts } from './adapters/redis/redis-facts.ts'
import type { Config } from './config/keys.ts'
import { listed, readPem } from './open-coordinator.ts'
import type { BlockCache } from './ports/block-cache.ts'
import type { Clock } from './ports/clock.ts'
import type { Log } from './ports/log.ts'
import type { RateLevels } from './ports/rate-levels.ts'
import type { RecordCache } from './ports/record-cache.ts'
import type { Tracer } from './ports/tracer.ts'

/** The cache that the instances share. What it cannot do costs its callers speed, never an answer. */
export interface OpenCache {
  readonly blocks: BlockCache
  readonly records: RecordCache
  readonly rates: RateLevels
  readonly counters: RedisCounters
  /** Why it is not used now, as last seen by a call; undefined while it is well. */
  fault(): string | undefined
  /** The same, found out by asking. */
  health(): Promise<string | undefined>
  /** What its servers say of themselves. @throws IDGEN_CACHE_UNAVAILABLE */
  facts(): Promise<readonly RedisFacts[]>
  close(): void
}

/**
 * The connection to Redis, single or cluster, where `redis.endpoints` names any. It connects by itself, now or later.
 * @throws IDGEN_CONFIG_INVALID
 */
export async function openCache(
  config: Config,
  clock: Clock,
  log: Log,
  tracer?: Tracer,
): Promise<OpenCache | undefined> {
  const { redis } = config
  const endpoints = listed(redis.endpoints)
  if (endpoints.length === 0) return undefined
  // Loaded where it is used only: the client and its table of commands are megabytes.
  const [{ RedisClient }, { RedisBlockCache }, { RedisRecordCache }, { RedisRateLevels }, { redisFacts }] =
    await Promise.all([
      import('./adapters/redis/redis-client.ts'),
      import('./adapters/redis/redis-block-cache.ts'),
      import('./adapters/redis/redis-record-cache.ts'),
      import('./adapters/redis/redis-rate-levels.ts'),
      import('./adapters/redis/redis-facts.ts'),
    ])
  const { cluster, timeout: timeoutMs, tls } = redis
  const client = new RedisClient({
    endpoints,
    cluster,
    timeoutMs,
    clock,
    log,
    ...(tls.ca !== '' && { ca: readPem('redis.tls.ca', tls.ca) }),
    ...(tracer && { tracer }),
  })
  return {
    blocks: new RedisBlockCache(client),
    records: new RedisRecordCache(client),
    rates: new RedisRateLevels(client),
    counters: client.counters,
    fault: () => client.fault,
    health: () => client.health(),
    facts: () => redisFacts(client),
    close: () => client.close(),
  }
}
