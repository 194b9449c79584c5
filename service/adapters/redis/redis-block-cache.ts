import { SEGMENT_LIMIT } from '../../core/tag.ts'
import type { BlockCache, BlockList, CachedBlock } from '../../ports/block-cache.ts'
import { COUNT_SCRIPT, POP_SCRIPT, PUSH_SCRIPT } from './block-scripts.ts'
import type { RedisClient } from './redis-client.ts'
import { cacheUnavailable } from './redis-error.ts'

/**
 * Segment blocks in Redis, single or cluster, under `segment:{<tag id>}:<dc>`. Scripts go out with EVAL, whole:
 * EVALSHA would need a second try where the server does not know the script, and a push has only one.
 */
export class RedisBlockCache implements BlockCache {
  readonly #client: RedisClient

  constructor(client: RedisClient) {
    this.#client = client
  }

  async push(list: BlockList, blocks: readonly CachedBlock[], ttlMs: number): Promise<void> {
    if (blocks.length === 0) return
    const words = blocks.flatMap(({ lo, hi, nonce }) => [String(lo), String(hi), nonce])
    await this.#client.run('putting segment blocks aside', (redis) =>
      redis.eval(PUSH_SCRIPT, 1, blockListKey(list), list.generation, ttlMs, BLOCKS_MAX, ...words),
    )
  }

  async pop(list: BlockList, from: number): Promise<CachedBlock | undefined> {
    const found = await this.#client.run('taking a segment block', (redis) =>
      redis.eval(POP_SCRIPT, 1, blockListKey(list), list.generation, from),
    )
    return found === null ? undefined : blockOf(found)
  }

  async count(list: BlockList): Promise<number> {
    const found = await this.#client.run('counting segment blocks', (redis) =>
      redis.eval(COUNT_SCRIPT, 1, blockListKey(list), list.generation),
    )
    return Number(found)
  }
}

/** The braces are part of the key: a Redis cluster places keys by what stands between them. */
export function blockListKey({ tagId, dc }: Omit<BlockList, 'generation'>): string {
  return `segment:{${tagId}}:${dc}`
}

/** What others wrote into our Redis must not become numbers. */
function blockOf(found: unknown): CachedBlock {
  const words = Array.isArray(found) ? found : []
  const [lo, hi] = [Number(words[0]), Number(words[1])]
  const nonce: unknown = words[2]
  const sane = Number.isSafeInteger(lo) && lo >= 0 && lo < hi && hi <= SEGMENT_LIMIT
  if (sane && typeof nonce === 'string' && NONCE.test(nonce)) return { lo, hi, nonce }
  throw cacheUnavailable('Redis holds a segment block that is not one of idgen; it was dropped.')
}

const NONCE = /^[0-9a-f]{32}$/

/** Of one tag in one data centre: what 4 allocations of the largest `redis.blocks` put aside; 40 KB. */
const BLOCKS_MAX = 256
