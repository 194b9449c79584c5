import type { RecordCache } from '../../ports/record-cache.ts'
import type { RedisClient } from './redis-client.ts'
import { cacheUnavailable } from './redis-error.ts'

/** Small texts in Redis, each with a time to live. */
export class RedisRecordCache implements RecordCache {
  readonly #client: RedisClient

  constructor(client: RedisClient) {
    this.#client = client
  }

  async get(key: string): Promise<string | undefined> {
    // One byte more than there may be: whoever else writes Redis could have put hundreds of megabytes there.
    const value = await this.#client.run('reading a record', (redis) => redis.getrange(key, 0, VALUE_MAX))
    // A longer one is not ours, and nobody here should parse it. Of a key that is not there Redis says ''.
    return value === '' || Buffer.byteLength(value) > VALUE_MAX ? undefined : value
  }

  async set(key: string, value: string, ttlMs: number): Promise<void> {
    const bytes = Buffer.byteLength(value)
    if (bytes > VALUE_MAX)
      throw cacheUnavailable(`A record of ${bytes} bytes is not cached: ${VALUE_MAX} at most.`)
    await this.#client.run('writing a record', (redis) => redis.set(key, value, 'PX', ttlMs))
  }

  async remove(key: string): Promise<void> {
    await this.#client.run('removing a record', (redis) => redis.del(key))
  }
}

/** Bytes. An API key takes about 500; more than this would make Redis a store of something else. */
const VALUE_MAX = 16_384
