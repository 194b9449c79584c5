import { setTimeout as wait } from 'node:timers/promises'
import { RedisBlockCache } from '../../service/adapters/redis/redis-block-cache.ts'
import { RedisClient } from '../../service/adapters/redis/redis-client.ts'
import { SystemClock } from '../../service/adapters/system/system-clock.ts'
import type { Log } from '../../service/ports/log.ts'
import { SILENT } from '../fixtures/silent-log.ts'

/** With the patience of a busy test machine. */
export function redisClient(
  endpoints: readonly string[],
  cluster: boolean,
  more: { readonly timeoutMs?: number; readonly log?: Log; readonly ca?: Buffer } = {},
): RedisClient {
  return new RedisClient({
    endpoints,
    cluster,
    timeoutMs: more.timeoutMs ?? 500,
    clock: new SystemClock(),
    log: more.log ?? SILENT,
    ...(more.ca && { ca: more.ca }),
  })
}

/** Resolves when every node that has keys answers each client; what was lost is connected again within seconds. */
export async function untilWell(...clients: readonly RedisClient[]): Promise<void> {
  for (const client of clients) {
    let fault = await faultOf(client)
    for (let i = 0; i < 400 && fault !== undefined; i += 1) {
      await wait(50)
      fault = await faultOf(client)
    }
    if (fault !== undefined) throw new Error(fault)
  }
}

async function faultOf(client: RedisClient): Promise<string | undefined> {
  const blocks = new RedisBlockCache(client)
  try {
    // Enough keys to reach every node of a cluster of three.
    for (let tag = 1; tag <= 30; tag += 1)
      await blocks.count({ tagId: tag, generation: '0'.repeat(32), dc: 0 })
    return await client.health()
  } catch (thrown) {
    return String(thrown)
  }
}
