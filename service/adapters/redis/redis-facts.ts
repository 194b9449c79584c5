import { Cluster } from 'ioredis'
import type { RedisClient } from './redis-client.ts'

/** What one server says of itself (INFO). */
export interface RedisFacts {
  /** Of the server, or of the node of a cluster. */
  readonly address: string
  readonly version: string
  /** `master` or `slave`. */
  readonly role: string
  readonly usedBytes: number
  /** 0: no limit. */
  readonly maxBytes: number
  /** What it does at the limit, as `maxmemory-policy` names it. */
  readonly policy: string
}

/** Of the server, or of every primary of a cluster. @throws IDGEN_CACHE_UNAVAILABLE */
export async function redisFacts(client: RedisClient): Promise<RedisFacts[]> {
  return await client.run('asking how it is', async (redis) => {
    const nodes = redis instanceof Cluster ? redis.nodes('master') : [redis]
    return Promise.all(
      nodes.map(async (node) => factsIn(await node.info(), `${node.options.host}:${node.options.port}`)),
    )
  })
}

/** Exported for its test. */
export function factsIn(info: string, address: string): RedisFacts {
  const values = new Map(
    [...info.matchAll(/^([a-z_]+):(.*?)\r?$/gm)].map(([, name = '', value = '']) => [name, value]),
  )
  const text = (name: string): string => values.get(name) ?? 'unknown'
  const number = (name: string): number => Number(values.get(name) ?? 0)
  return {
    address,
    version: text('redis_version'),
    role: text('role'),
    usedBytes: number('used_memory'),
    maxBytes: number('maxmemory'),
    policy: text('maxmemory_policy'),
  }
}
