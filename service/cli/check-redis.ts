import type { RedisFacts } from '../adapters/redis/redis-facts.ts'
import { SystemClock } from '../adapters/system/system-clock.ts'
import { PinoLog } from '../adapters/telemetry/pino-log.ts'
import type { Config } from '../config/keys.ts'
import { IdgenError } from '../core/errors.ts'
import { bad, type Finding, good, warning } from '../core/finding.ts'
import { type OpenCache, openCache } from '../open-cache.ts'
import { check } from './findings.ts'

/** Whether Redis answers and takes what it is given; without it everything goes on, slower. */
export async function checkRedis(findings: Finding[], config: Config): Promise<void> {
  const servers = await check(findings, {
    what: 'redis',
    ask: () => askRedis(config),
    tell: (found) =>
      found === undefined
        ? 'not configured: every process takes its segments from the database (redis.endpoints)'
        : 'answers',
    todo: `Start Redis, or correct redis.endpoints. Until then every process takes its segments from the database${config.limits.shared ? ', and rate limits hold for each alone' : ''}.`,
  })
  for (const server of servers ?? []) findings.push(judgeServer(server))
}

/** undefined: none is configured. */
async function askRedis(config: Config): Promise<readonly RedisFacts[] | undefined> {
  const cache = await openCache(config, new SystemClock(), new PinoLog('fatal', {}, process.stderr))
  try {
    return cache && (await answered(cache))
  } finally {
    cache?.close()
  }
}

async function answered(cache: OpenCache): Promise<readonly RedisFacts[]> {
  const endsAtMs = performance.now() + CONNECT_MS
  // The connection is made in the background.
  for (let fault = await cache.health(); fault !== undefined; fault = await cache.health()) {
    if (performance.now() > endsAtMs) throw new IdgenError('IDGEN_CACHE_UNAVAILABLE', fault)
    await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS))
  }
  return await cache.facts()
}

function judgeServer({ address, version, role, usedBytes, maxBytes, policy }: RedisFacts): Finding {
  const what = `redis ${address}`
  if (role !== 'master')
    return bad(
      what,
      `it is a replica (role ${role}) and refuses what is written to it`,
      'Let redis.endpoints name the primary, or set redis.cluster.',
    )
  const limit =
    maxBytes === 0 ? 'no limit of memory' : `${percent(usedBytes / maxBytes)} of its memory, ${policy}`
  if (maxBytes > 0 && policy === 'noeviction')
    return warning(
      what,
      `${version}, ${limit}: when it is full it refuses what is written`,
      'Set maxmemory-policy to allkeys-lru: all that idgen keeps there may be forgotten.',
    )
  return good(what, `${version}, ${limit}`)
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`
}

/** Longer than connecting to a cluster over a slow network takes. */
const CONNECT_MS = 3000
const ASK_EVERY_MS = 50
