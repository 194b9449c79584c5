import type { MetricSource } from './adapters/telemetry/prometheus-metrics.ts'
import type { AuditTrail } from './app/audit-trail.ts'
import type { CapacityWatch } from './app/capacity-watch.ts'
import type { CatalogFollower } from './app/catalog-follower.ts'
import type { DcClaimGuard } from './app/dc-claim-guard.ts'
import { LIMITED_KINDS } from './app/rate-limits.ts'
import type { RouterWatch } from './app/router-watch.ts'
import type { SubBlockLender } from './app/sub-block-lender.ts'
import type { UseCases } from './app/use-cases.ts'
import type { WorkerIds } from './app/worker-ids.ts'
import { cacheSources } from './cache-metrics.ts'
import { type CoordinationMeasured, coordinationSources } from './coordination-metrics.ts'
import { ALGORITHMS } from './core/algorithm.ts'
import { DURATION_BOUNDS } from './core/duration-histogram.ts'
import { ERRORS, isErrorCode } from './core/errors.ts'
import type { StampingCursor } from './core/joined-cursors.ts'
import type { UuidV4 } from './core/uuid-v4.ts'
import type { OpenTracing } from './open-tracing.ts'
import { counter, gauge } from './plain-metrics.ts'
import type { RespCounters } from './resp/resp-counters.ts'
import { respSources } from './resp-metrics.ts'
import type { Sharing } from './start-cache.ts'
import { threadSources } from './thread-metrics.ts'
import type { ThreadPool } from './threads/thread-pool.ts'
import { tracingSources } from './tracing-metrics.ts'
import { VERSION } from './version.ts'

export interface Measured extends CoordinationMeasured {
  readonly sharing: Sharing | undefined
  readonly useCases: UseCases
  readonly workerIds: WorkerIds
  readonly routers: RouterWatch
  readonly capacity: CapacityWatch
  readonly audit: AuditTrail
  readonly follower: CatalogFollower
  readonly snowflake: StampingCursor
  readonly uuidV4: UuidV4
  readonly claim: DcClaimGuard | undefined
  /** Left out where no call is traced. */
  readonly tracing?: OpenTracing | undefined
  /** Left out where no Redis client is served. */
  readonly resp?: () => Readonly<RespCounters>
  readonly threads?: ThreadPool | undefined
  readonly lender: SubBlockLender
  readonly pool: () => { readonly total: number; readonly idle: number; readonly waiting: number }
}

/** Every metric of idgen, in one place: name, help, labels and the plain counter it is read from. */
export function metricSources(measured: Measured): MetricSource[] {
  return [
    {
      name: 'idgen_build_info',
      help: 'Always 1; the labels say what runs',
      kind: 'gauge',
      labels: ['version', 'node_version'],
      read: (set) => set([VERSION, process.version], 1),
    },
    ...generation(measured),
    ...outcomes(measured),
    ...segments(measured),
    ...algorithms(measured),
    ...dependencies(measured),
    ...coordinationSources(measured),
    ...(measured.tracing === undefined ? [] : tracingSources(measured.tracing)),
    ...(measured.sharing === undefined ? [] : cacheSources(measured.sharing)),
    ...(measured.resp === undefined ? [] : respSources(measured.resp)),
    ...(measured.threads === undefined ? [] : threadSources(measured.threads, measured.lender)),
  ]
}

/** A label per tag beyond this many would make every scrape megabytes; the rest is summed as `other`. */
const TAGS_LABELLED_MAX = 1000

function generation({ useCases, routers }: Measured): MetricSource[] {
  return [
    {
      name: 'idgen_generate_requests_total',
      help: 'Requests answered with IDs',
      kind: 'counter',
      labels: ['tag', 'algorithm'],
      read: (set) => readServed(useCases, 'requests', set),
    },
    {
      name: 'idgen_ids_issued_total',
      help: 'IDs handed out',
      kind: 'counter',
      labels: ['tag', 'algorithm'],
      read: (set) => readServed(useCases, 'ids', set),
    },
    {
      name: 'idgen_generate_waiting',
      help: 'Requests that wait for a grant now',
      kind: 'gauge',
      labels: [],
      read: (set) => set([], useCases.generate.waiting),
    },
    {
      name: 'idgen_dc_requests_total',
      help: 'Requests for IDs by the data centre the client names (unknown: none) and that of this server',
      kind: 'counter',
      labels: ['client_dc', 'server_dc'],
      read: (set) => {
        const serverDc = String(useCases.traffic.serverDc)
        useCases.traffic.each((clientDc, requests) => set([clientDc, serverDc], requests))
      },
    },
    {
      name: 'idgen_router_moves_total',
      help: 'Moves of tags along their chain',
      kind: 'counter',
      labels: ['kind'],
      read: (set) => {
        set(['degraded'], routers.moves.degraded)
        set(['recovered'], routers.moves.recovered)
      },
    },
  ]
}

/** By what a canary is judged: an operator of another version reads them, so names stay. */
function outcomes({ useCases }: Measured): MetricSource[] {
  return [
    {
      name: 'idgen_generate_failures_total',
      help: 'Requests for IDs that failed through no fault of their caller, by error code',
      kind: 'counter',
      labels: ['code'],
      read: (set) => readFailures(useCases, (http) => http >= 500, set),
    },
    {
      name: 'idgen_generate_refusals_total',
      help: 'Requests for IDs that were refused because of what was asked, or by whom, by error code',
      kind: 'counter',
      labels: ['code'],
      read: (set) => readFailures(useCases, (http) => http < 500, set),
    },
    {
      name: 'idgen_rate_limited_total',
      help: 'Requests, for IDs or not, that were refused because a limit was used up, by whose it was',
      kind: 'counter',
      labels: ['kind'],
      read: (set) => {
        for (const kind of LIMITED_KINDS) set([kind], useCases.rates.refused[kind])
      },
    },
    counter(
      'idgen_generate_degraded_total',
      'Requests answered by another algorithm than the first of their tag',
      () => useCases.generate.degraded,
    ),
    {
      name: 'idgen_generate_duration_seconds',
      help: 'Time until the IDs of a request were there, or it failed; IDs in memory count as 0',
      kind: 'histogram',
      bounds: DURATION_BOUNDS,
      read: () => useCases.generate.durations,
    },
  ]
}

function segments({ useCases, capacity }: Measured): MetricSource[] {
  return [
    {
      name: 'idgen_segment_usage_ratio',
      help: 'Issued share of all numbers ever granted to this process, per tag',
      kind: 'gauge',
      labels: ['tag'],
      read: (set) => {
        let labelled = 0
        for (const tag of useCases.directory.all()) {
          const { issued, granted } = tag.buffer.stats()
          if (granted > 0 && labelled < TAGS_LABELLED_MAX) {
            set([tag.path], issued / granted)
            labelled += 1
          }
        }
      },
    },
    {
      name: 'idgen_segment_left_ratio',
      help: 'Numbers in memory as a share of one segment, per tag: below 0.1 the next one is late',
      kind: 'gauge',
      labels: ['tag'],
      read: (set) => {
        let labelled = 0
        for (const tag of useCases.directory.all()) {
          const left = tag.buffer.leftRatio
          if (left === undefined || labelled >= TAGS_LABELLED_MAX) continue
          set([tag.path], left)
          labelled += 1
        }
      },
    },
    {
      name: 'idgen_range_used_ratio_max',
      help: 'Granted share of the data-centre number space of the fullest tag, at the last check (capacity.checkEvery)',
      kind: 'gauge',
      labels: [],
      read: (set) => set([], capacity.largestShare),
    },
    {
      name: 'idgen_range_alerts',
      help: 'Tags whose number space is nearly used up',
      kind: 'gauge',
      labels: [],
      read: (set) => set([], capacity.alerting),
    },
  ]
}

/** What the buffers, the clock and the pool did. */
function algorithms({ useCases, snowflake, uuidV4 }: Measured): MetricSource[] {
  const ofSegments = (field: 'switches' | 'switchesReady' | 'refills' | 'refusals') => (): number => {
    let sum = 0
    for (const tag of useCases.directory.all()) sum += tag.buffer.counters()[field]
    return sum
  }
  return [
    counter('idgen_segment_switches_total', 'Segments used up and replaced', ofSegments('switches')),
    counter(
      'idgen_segment_switches_ready_total',
      'Of these, found the next one ready',
      ofSegments('switchesReady'),
    ),
    counter('idgen_segment_refills_total', 'Segments fetched', ofSegments('refills')),
    counter('idgen_segment_refusals_total', 'Segment allocations that failed', ofSegments('refusals')),
    {
      name: 'idgen_snowflake_rollbacks_total',
      help: 'Times the clock was found to have stepped back, by what was done',
      kind: 'counter',
      labels: ['level'],
      read: (set) => {
        const { rollbacksWaited, rollbacksBridged, rollbacksRefused } = snowflake.counters()
        set(['waited'], rollbacksWaited)
        set(['bridged'], rollbacksBridged)
        set(['refused'], rollbacksRefused)
      },
    },
    counter(
      'idgen_snowflake_borrowed_ms_total',
      'Milliseconds stamped before the clock reached them',
      () => snowflake.counters().borrowedMs,
    ),
    counter('idgen_uuid_pool_hits_total', 'UUIDs v4 found ready', () => uuidV4.pool.stats().hits),
    counter('idgen_uuid_pool_misses_total', 'UUIDs v4 made on the spot', () => uuidV4.pool.stats().misses),
    counter('idgen_uuid_pool_fills_total', 'UUIDs v4 made ahead', () => uuidV4.pool.stats().fills),
  ]
}

/** One series for each of server.workerIds, in an order that stays. */
function ofEachWorkerId(name: string, help: string, values: () => readonly number[]): MetricSource {
  const read: MetricSource['read'] = (set) => {
    for (const [slot, value] of values().entries()) set([String(slot)], value)
  }
  return { name, help, kind: 'gauge', labels: ['slot'], read }
}

function dependencies({ useCases, workerIds, audit, follower, claim, pool }: Measured): MetricSource[] {
  return [
    ofEachWorkerId('idgen_worker_id', 'Snowflake worker id held, -1 without one', () =>
      workerIds.held.map((worker) => worker ?? -1),
    ),
    ofEachWorkerId('idgen_time_grant_ok', '1 while the worker id has a usable time grant', () =>
      workerIds.faults.map((fault) => (fault === undefined ? 1 : 0)),
    ),
    gauge('idgen_ready', '1 while this process can serve', () => (useCases.readiness.report().ready ? 1 : 0)),
    gauge('idgen_dc_claim_ok', '1 while the data centre is claimed by no other installation', () =>
      claim?.fault === undefined ? 1 : 0,
    ),
    gauge('idgen_node_listed', '1 while other processes and clients find this one', () =>
      useCases.nodes.fault === undefined ? 1 : 0,
    ),
    gauge('idgen_database_ok', '1 while the database answers', () => (follower.fault === undefined ? 1 : 0)),
    gauge('idgen_database_pool_connections', 'Open database connections', () => pool().total),
    gauge('idgen_database_pool_idle', 'Idle database connections', () => pool().idle),
    gauge('idgen_database_pool_waiting', 'Callers waiting for a database connection', () => pool().waiting),
    counter(
      'idgen_api_key_cache_hits_total',
      'API keys found in the cache',
      () => useCases.authenticator.hits,
    ),
    counter(
      'idgen_api_key_cache_misses_total',
      'API keys asked of the store',
      () => useCases.authenticator.misses,
    ),
    counter('idgen_audit_written_total', 'Audit records written', () => audit.written),
    counter(
      'idgen_audit_dropped_total',
      'Audit records dropped because the queue was full',
      () => audit.dropped,
    ),
  ]
}

function readFailures(
  { ledger }: UseCases,
  wanted: (http: number) => boolean,
  set: (labelValues: readonly string[], value: number) => void,
): void {
  // There from the start, so that the first failure shows as an increase.
  if (wanted(ERRORS.IDGEN_INTERNAL.http) && !ledger.failures.has('IDGEN_INTERNAL')) set(['IDGEN_INTERNAL'], 0)
  for (const [code, requests] of ledger.failures)
    if (wanted(isErrorCode(code) ? ERRORS[code].http : 500)) set([code], requests)
}

function readServed(
  useCases: UseCases,
  field: 'requests' | 'ids',
  set: (labelValues: readonly string[], value: number) => void,
): void {
  const rest = new Map<string, number>()
  let labelled = 0
  for (const tag of useCases.directory.all()) {
    labelled += 1
    for (const algorithm of ALGORITHMS) {
      const value = tag.served[algorithm][field]
      if (value === 0) continue
      if (labelled <= TAGS_LABELLED_MAX) set([tag.path, algorithm], value)
      else rest.set(algorithm, (rest.get(algorithm) ?? 0) + value)
    }
  }
  for (const [algorithm, value] of rest) set(['other', algorithm], value)
}
