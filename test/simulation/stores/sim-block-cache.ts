import type { MemoryBlockCache } from '../../../service/adapters/memory/memory-block-cache.ts'
import { IdgenError } from '../../../service/core/errors.ts'
import type { BlockCache, BlockList, CachedBlock } from '../../../service/ports/block-cache.ts'
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

  async push(list: BlockList, blocks: readonly CachedBlock[], ttlMs: number): Promise<void> {
    await this.#ask(`push ${list.tagId}/${list.dc} ${blocks.map(({ lo }) => lo).join()}`, (redis) =>
      redis.push(list, blocks, ttlMs),
    )
  }

  async pop(list: BlockList, from: number): Promise<CachedBlock | undefined> {
    return await this.#ask(`pop ${list.tagId}/${list.dc} from ${from}`, async (redis) => {
      const block = await redis.pop(list, from)
      if (block !== undefined) this.#options.onPopped(block)
      return block
    })
  }

  async count(list: BlockList): Promise<number> {
    return await this.#ask(`count ${list.tagId}/${list.dc}`, (redis) => redis.count(list))
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
