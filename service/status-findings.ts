import type { InstanceStatus } from './app/instance-status.ts'
import type { Config } from './config/keys.ts'
import { type Finding, good, warning } from './core/finding.ts'
import {
  certificateEnding,
  type Ending,
  judgeClock,
  judgeEnding,
  judgeKeyNews,
  LAYOUT_END,
  TAG_LAYOUT_END,
} from './core/judgements.ts'
import { endStampMs } from './core/snowflake-layout.ts'
import type { OpenStore } from './open-store.ts'
import type { ServedCertificate } from './ports/certificates.ts'
import type { Service } from './start-use-cases.ts'
import type { ThreadPool } from './threads/thread-pool.ts'

/** What only a server with listeners has. */
export interface StatusMeasured {
  readonly pool: OpenStore['poolStats']
  readonly threads: ThreadPool | undefined
  /** Left out where none is shown. */
  readonly certificate: ServedCertificate | undefined
}

/** Tells /status of every part; those in trouble (/readyz) take the place of what is said here of the same name. */
export function watchStatus(
  status: InstanceStatus,
  config: Config,
  service: Service,
  measured: StatusMeasured,
): void {
  status.watch(() => [
    ...stores(service, measured),
    ...issuing(config, service),
    ...endings(service, measured),
  ])
}

function stores(
  { coordination, sharing, audit, follower }: Service,
  { pool, threads }: StatusMeasured,
): Finding[] {
  const { total, idle, waiting } = pool()
  const used = `answers; ${total - idle} of ${total} connections in use`
  const busy = 'Set database.pool.max higher, or look at what makes the database slow.'
  return [
    waiting === 0
      ? good('database', used)
      : warning('database', `${used}, ${waiting} requests wait for one`, busy),
    good('etcd', coordination === undefined ? 'not configured' : 'answers'),
    good('redis', sharing === undefined ? 'not configured' : 'answers'),
    auditFinding(audit),
    // Without the database nothing can be told; that has its own line.
    ...(follower.fault === undefined ? [judgeKeyNews(follower.listens, follower.deaf)] : []),
    ...(threads === undefined ? [] : [threadsFinding(threads)]),
  ]
}

export function threadsFinding(
  threads: Pick<ThreadPool, 'isOverrun' | 'unpassed' | 'running' | 'troubles'>,
): Finding {
  const away = threads.troubles().length
  const answer = away === 0 ? 'all answer' : `${threads.running} of ${threads.running + away} answer`
  const [full, address] = [threads.unpassed('full'), threads.unpassed('address')]
  if (!threads.isOverrun)
    return away === 0
      ? good('threads', answer)
      : warning('threads', answer, 'Those that do not are named beside this, with the reason.')
  return warning(
    'threads',
    `${answer}; within the last minute the main thread had no place for what is no request for IDs: ${full + address} refused since the start, ${address} of them because of who asked`,
    'Look at who asks for so much else than IDs, and whether the database is slow; idgen_thread_unpassed_total and idgen_rate_limited_total say which.',
  )
}

function auditFinding({ queued, dropped, missedByCopy = 0, exporter }: Service['audit']): Finding {
  const unsent = exporter?.missed ?? 0
  const inFile = missedByCopy === 0 ? '' : `, ${missedByCopy} are not in audit.file`
  const elsewhere = unsent === 0 ? '' : `, ${unsent} did not reach audit.otlp.endpoint`
  const found = `${queued} records wait to be written, ${dropped} were dropped since the start${inFile}${elsewhere}`
  if (dropped + missedByCopy + unsent === 0) return good('audit log', found)
  const place = dropped > 0 ? 'database' : missedByCopy > 0 ? 'disk' : 'receiver'
  return warning('audit log', found, `Look at the ${place}; docs/runbooks/IdgenAuditRecordsDropped.md.`)
}

function issuing(config: Config, { useCases, workerIds, capacity }: Service): Finding[] {
  const aheadMs = workerIds.clockAheadMs
  const held = workerIds.held.filter((worker) => worker !== undefined)
  const leftMs = Math.min(...workerIds.grants.map((grant) => grant.leftMs))
  const clock =
    aheadMs === undefined
      ? []
      : [judgeClock('clock', Math.round(aheadMs), config.snowflake.maxClockAhead, "the store's")]
  return [
    good('tags', `${useCases.directory.size} in memory`),
    good('snowflake', `worker ${held.join(', ')}, time granted for ${Math.floor(leftMs / 1000)} s`),
    ...clock,
    spaceFinding(capacity.alerting, capacity.largestShare),
  ]
}

export function spaceFinding(alerting: number, largestShare: number | undefined): Finding {
  if (largestShare === undefined)
    return warning(
      'number space',
      'how much of it is used is not known yet: no check has succeeded',
      'Look at the database. The next check comes after capacity.checkEvery, or at a start.',
    )
  const found = `the fullest tag has used ${Math.floor(largestShare * 100)} % of it`
  if (alerting === 0) return good('number space', found)
  const todo = '"idgen doctor" names them. Make new tags: nothing can be added to one that is full.'
  return warning('number space', `${alerting} tags are nearly full, ${found}`, todo)
}

function endings(
  { useCases: { layout, tagCursors, clock } }: Service,
  { certificate }: StatusMeasured,
): Finding[] {
  const nowMs = clock.nowMs()
  const judge = (ending: Ending): Finding =>
    judgeEnding(ending, nowMs, (ms) => new Date(ms).toISOString().slice(0, 10))
  return [
    judge({ ...LAYOUT_END, endMs: endStampMs(layout) }),
    ...(tagCursors.endMs === Number.POSITIVE_INFINITY
      ? []
      : [judge({ ...TAG_LAYOUT_END, endMs: tagCursors.endMs })]),
    ...(certificate === undefined
      ? []
      : [judge(certificateEnding(certificate.life)), ...refusal(certificate)]),
  ]
}

/** The old one is shown until it ends, so nobody else would tell. */
function refusal({ refused }: ServedCertificate): Finding[] {
  if (refused === undefined) return []
  const todo =
    'Put a certificate and its key that belong together into the files of server.https.cert and server.https.key; no restart is needed.'
  return [warning('new certificate', `refused, the last good one stays: ${refused}`, todo)]
}
