import type { MemoryBlockCache } from '../../../service/adapters/memory/memory-block-cache.ts'
import { IdgenError } from '../../../service/core/errors.ts'
import type { BlockCache, CachedBlock } from '../../../service/ports/block-cache.ts'
import type { Host } from '../world/host.ts'
import type { Network } from '../world/network.ts'

export interface SimBlockCacheOptions {
  readonly network: Network
  readonly host: Host
  /** e.g. "redis0": each data centre has its own. */
  readonly name: string
  readonly redis: MemoryBlockCache
  /** A block was taken out, whether or not anybody learns of it. */
  readonly onPopped: (block: CachedBlock) => void
}

/** One process' way to a simulated Redis. */
export class SimBlockCache implements BlockCache {
  readonly #options: SimBlockCacheOptions

  constructor(options: SimBlockCacheOptions) {
    this.#options = options
  }

  async push(tagId: number, dc: number, blocks: readonly CachedBlock[], ttlMs: number): Promise<void> {
    await this.#ask(`push ${tagId}/${dc} ${blocks.map(({ lo }) => lo).join()}`, (redis) =>
      redis.push(tagId, dc, blocks, ttlMs),
    )
  }

  async pop(tagId: number, dc: number, from: number): Promise<CachedBlock | undefined> {
    return await this.#ask(`pop ${tagId}/${dc} from ${from}`, async (redis) => {
      const block = await redis.pop(tagId, dc, from)
      if (block !== undefined) this.#options.onPopped(block)
      return block
    })
  }

  async count(tagId: number, dc: number): Promise<number> {
    return await this.#ask(`count ${tagId}/${dc}`, (redis) => redis.count(tagId, dc))
  }

  async #ask<T>(what: string, serve: (redis: MemoryBlockCache) => Promise<T>): Promise<T> {
    const { network, host, name, redis } = this.#options
    return await network.call({
      host,
      store: name,
      what,
      deadlineMs: DEADLINE_MS,
      serve: () => serve(redis),
      down: () => (redis.away ? 'it is down' : undefined),
      fail: (why) => new IdgenError('IDGEN_CACHE_UNAVAILABLE', `Redis failed: ${why}.`),
    })
  }
}

/** Of the adapter: a cache that is slow is a cache that is away. */
const DEADLINE_MS = 50
