import type { EtcdCoordinator } from '../adapters/etcd/etcd-coordinator.ts'
import type { EtcdMemberFacts } from '../adapters/etcd/etcd-member-facts.ts'
import { PinoLog } from '../adapters/telemetry/pino-log.ts'
import type { Config } from '../config/keys.ts'
import { workersOf } from '../core/coordination-keys.ts'
import { IdgenError } from '../core/errors.ts'
import { bad, type Finding, good, warning } from '../core/finding.ts'
import { judgeClock, judgeWorkerIds } from '../core/judgements.ts'
import { openCoordinator } from '../open-coordinator.ts'
import { check, faultText } from './findings.ts'

/** Whether a majority of etcd answers, how its members are, how far the clocks are apart, and who holds worker ids. */
export async function checkEtcd(findings: Finding[], config: Config): Promise<void> {
  const coordinator = await opened(findings, config)
  if (coordinator === undefined) return
  try {
    const answers = await check(findings, {
      what: 'etcd',
      ask: () => requireMajority(coordinator),
      tell: () => 'a majority answers',
      todo: 'Start its members, or correct etcd.endpoints and what they need (TLS, user, network).',
    })
    for (const member of await coordinator.memberFacts()) findings.push(judgeMember(member))
    if (answers === true) await askMajority(findings, coordinator, config)
  } finally {
    await coordinator.close()
  }
}

/** undefined: there is none, which is a finding. */
async function opened(findings: Finding[], config: Config): Promise<EtcdCoordinator | undefined> {
  try {
    const coordinator = await openCoordinator(config, new PinoLog('fatal', {}, process.stderr))
    if (coordinator === undefined)
      findings.push(
        good('etcd', 'not configured: a database that loses commits is outside the promise (etcd.endpoints)'),
      )
    return coordinator
  } catch (thrown) {
    findings.push(
      bad('etcd', faultText(thrown), 'Correct what is named, or give this user the right to read it.'),
    )
    return undefined
  }
}

async function askMajority(findings: Finding[], coordinator: EtcdCoordinator, config: Config): Promise<void> {
  await check(findings, {
    what: 'clock against etcd',
    ask: async () => Math.round(Date.now() - (await coordinator.nowMs())),
    tell: (aheadMs) =>
      judgeClock('clock against etcd', aheadMs, config.snowflake.maxClockAhead, "etcd's (exact to a second)"),
  })
  await check(findings, {
    what: 'worker ids',
    ask: async () => (await coordinator.list(workersOf(config.datacenter.id))).entries.length,
    tell: (held) => judgeWorkerIds(held, config.server.workerIds),
  })
}

async function requireMajority(coordinator: EtcdCoordinator): Promise<true> {
  const endsAtMs = performance.now() + ELECTION_MS
  let fault = await coordinator.health()
  while (fault !== undefined && performance.now() < endsAtMs) {
    await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS))
    fault = await coordinator.health()
  }
  if (fault === undefined) return true
  throw new IdgenError(
    'IDGEN_COORDINATION_UNAVAILABLE',
    `${fault} Without etcd segments go on only up to the promised ceiling and worker ids until their time ends.`,
  )
}

function judgeMember({ endpoint, fault, version, bytes, errors, leader }: EtcdMemberFacts): Finding {
  const what = `etcd ${endpoint}`
  if (fault !== undefined)
    return warning(what, fault, 'Start this member: one more that fails may be one too many.')
  if (errors.some((error) => error.includes('NOSPACE')))
    return bad(
      what,
      `it is full (${megabytes(bytes)}) and refuses every write`,
      'Compact and defragment it, raise --quota-backend-bytes, then "etcdctl alarm disarm".',
    )
  if (errors.length > 0) return warning(what, errors.join('; '), 'Look at the log of this member.')
  if (!leader) return bad(what, 'it knows no leader', 'Bring a majority of the members back.')
  return good(what, `${version}, ${megabytes(bytes)}`)
}

function megabytes(bytes: number): string {
  return `${(bytes / 1_048_576).toFixed(1)} MiB`
}

/** A majority without a leader chooses one within twice its election timeout (1 s by default). */
const ELECTION_MS = 3000
const ASK_EVERY_MS = 100
