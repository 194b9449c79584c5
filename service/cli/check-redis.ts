import { SystemClock } from '../adapters/system/system-clock.ts'
import { PinoLog } from '../adapters/telemetry/pino-log.ts'
import type { Config } from '../config/keys.ts'
import { IdgenError } from '../core/errors.ts'
import { type OpenCache, openCache } from '../open-cache.ts'
import { check, type Finding } from './findings.ts'

/** Whether Redis answers; without it everything goes on, slower. */
export async function checkRedis(findings: Finding[], config: Config): Promise<void> {
  await check(
    findings,
    'redis',
    () => askRedis(config),
    (found) => found,
  )
}

async function askRedis(config: Config): Promise<string> {
  const cache = await openCache(config, new SystemClock(), new PinoLog('fatal', {}, process.stderr))
  if (cache === undefined)
    return 'not configured: every process takes its segments from the database (redis.endpoints)'
  try {
    await requireAnswer(cache)
    return 'answers'
  } finally {
    cache.close()
  }
}

async function requireAnswer(cache: OpenCache): Promise<void> {
  const endsAtMs = performance.now() + CONNECT_MS
  // The connection is made in the background.
  for (let fault = await cache.health(); fault !== undefined; fault = await cache.health()) {
    if (performance.now() > endsAtMs) throw new IdgenError('IDGEN_CACHE_UNAVAILABLE', fault)
    await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS))
  }
}

/** Longer than connecting to a cluster over a slow network takes. */
const CONNECT_MS = 3000
const ASK_EVERY_MS = 50
