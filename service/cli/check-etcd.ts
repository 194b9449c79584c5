import type { EtcdCoordinator } from '../adapters/etcd/etcd-coordinator.ts'
import { PinoLog } from '../adapters/telemetry/pino-log.ts'
import type { Config } from '../config/keys.ts'
import { IdgenError } from '../core/errors.ts'
import { openCoordinator } from '../open-coordinator.ts'
import { check, type Finding } from './findings.ts'

/** Whether a majority of etcd answers, and how far the clocks are apart. */
export async function checkEtcd(findings: Finding[], config: Config): Promise<void> {
  const coordinator = await openCoordinator(config, new PinoLog('fatal', {}, process.stderr))
  if (coordinator === undefined) {
    const found = 'not configured: a database that loses commits is outside the promise (etcd.endpoints)'
    findings.push({ ok: true, what: 'etcd', found })
    return
  }
  try {
    const answers = await check(
      findings,
      'etcd',
      () => requireMajority(coordinator),
      () => 'a majority answers',
    )
    if (answers !== true) return
    const tell = (aheadMs: number): string => `${aheadMs} ms from etcd's (exact to a second)`
    await check(findings, 'clock against etcd', () => requireClock(coordinator, config), tell)
  } finally {
    await coordinator.close()
  }
}

async function requireMajority(coordinator: EtcdCoordinator): Promise<true> {
  const fault = await coordinator.health()
  if (fault === undefined) return true
  throw new IdgenError(
    'IDGEN_COORDINATION_UNAVAILABLE',
    `${fault} Without etcd segments go on only up to the promised ceiling and worker ids until their time ends.`,
  )
}

async function requireClock(coordinator: EtcdCoordinator, config: Config): Promise<number> {
  const aheadMs = Math.round(Date.now() - (await coordinator.nowMs()))
  const limitMs = config.snowflake.maxClockAhead
  if (Math.abs(aheadMs) <= limitMs) return aheadMs
  throw new IdgenError(
    'IDGEN_CLOCK_UNUSABLE',
    `this clock is ${aheadMs} ms from etcd's; at most ${limitMs} ms are allowed: check NTP on both.`,
  )
}
