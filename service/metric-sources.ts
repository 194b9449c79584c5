import type { MetricSource } from './adapters/telemetry/prometheus-metrics.ts'
import type { AuditTrail } from './app/audit-trail.ts'
import type { CapacityWatch } from './app/capacity-watch.ts'
import type { CatalogFollower } from './app/catalog-follower.ts'
import type { DcClaimGuard } from './app/dc-claim-guard.ts'
import { CALL_OUTCOMES, ISSUING_PROTOCOLS } from './app/protocol-counts.ts'
import { LIMITED_KINDS } from './app/rate-limits.ts'
import type { RouterWatch } from './app/router-watch.ts'
import type { SharedRates } from './app/shared-rates.ts'
import type { SubBlockLender } from './app/sub-block-lender.ts'
import type { TurnWatch } from './app/turn-watch.ts'
import type { UseCases } from './app/use-cases.ts'
import { auditSources } from './audit-metrics.ts'
import { cacheSources, sharedRateSources } from './cache-metrics.ts'
import { connectionSources } from './connection-metrics.ts'
import { type CoordinationMeasured, coordinationSources } from './coordination-metrics.ts'
import { ERRORS, isErrorCode } from './core/errors.ts'
import type { StampingCursor } from './core/joined-cursors.ts'
import type { SegmentBuffer } from './core/segment-buffer.ts'
import type { UuidV4 } from './core/uuid-v4.ts'
import { durationSources } from './duration-metrics.ts'
import type { ProbePlaces } from './http/probe-places.ts'
import type { OpenTracing } from './open-tracing.ts'
import { counter, gauge, oncePerTurn } from './plain-metrics.ts'
import type { RespCounters } from './resp/resp-counters.ts'
import { respSources } from './resp-metrics.ts'
import type { ConnectionTable } from './sockets/connection-table.ts'
import type { Sharing } from './start-cache.ts'
import { BusiestTags, ofEachTag, servedSource } from './tag-metrics.ts'
import { latenessSource, threadSources } from './thread-metrics.ts'
import type { ThreadPool } from './threads/thread-pool.ts'
import { type TimeMeasured, timeSources } from './time-metrics.ts'
import { tracingSources } from './tracing-metrics.ts'
import { VERSION } from './version.ts'

export interface Measured extends CoordinationMeasured, TimeMeasured {
  readonly sharing: Sharing | undefined
  readonly sharedRates: SharedRates | undefined
  readonly useCases: UseCases
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
  /** Of the main thread. */
  readonly turns: Pick<TurnWatch, 'worstMs'>
  readonly connections: ConnectionTable
  /** Of the metrics port. */
  readonly probes: Pick<ProbePlaces, 'ended'>
  /** Tags whose durations have series of their own (server.metrics.tagDurations). */
  readonly tagsTimed: number
  readonly lender: SubBlockLender
  readonly pool: () => { readonly total: number; readonly idle: number; readonly waiting: number }
}

/** Metrics that belong together, for docs/metrics.md. */
export interface MetricSection {
  readonly title: string
  readonly sources: readonly MetricSource[]
}

/** Every metric of idgen, in one place: name, help, labels and the plain counter it is read from. */
export function metricSources(measured: Measured): MetricSource[] {
  return metricSections(measured).flatMap(({ sources }) => sources)
}

export function metricSections(measured: Measured): MetricSection[] {
  const { sharing, sharedRates, resp, threads, lender, tracing } = measured
  const busiest = new BusiestTags(measured.useCases.directory)
  return [
    { title: 'What runs', sources: [BUILD, ...state(measured), latenessSource(measured)] },
    {
      title: 'IDs and requests',
      sources: [...generation(measured, busiest), ...outcomes(measured, busiest)],
    },
    { title: 'Segments and ranges', sources: segments(measured, busiest) },
    { title: 'Time, worker ids and what ends on a date', sources: timeSources(measured) },
    { title: 'Clock steps and UUIDs', sources: algorithms(measured) },
    { title: 'Database, keys and audit log', sources: dependencies(measured) },
    { title: 'Connections', sources: connectionSources(measured.connections, measured.probes) },
    { title: 'Stores that guard each other', sources: coordinationSources(measured) },
    ...(tracing === undefined ? [] : [{ title: 'Traces', sources: tracingSources(tracing) }]),
    ...(sharing === undefined ? [] : [{ title: 'Redis', sources: cacheSources(sharing) }]),
    ...(sharedRates === undefined
      ? []
      : [{ title: 'Rate limits over all processes', sources: sharedRateSources(sharedRates) }]),
    ...(resp === undefined ? [] : [{ title: 'Listener for Redis clients', sources: respSources(resp) }]),
    ...(threads === undefined
      ? []
      : [{ title: 'Protocol threads', sources: threadSources(threads, lender) }]),
  ]
}

const BUILD: MetricSource = {
  name: 'idgen_build_info',
  help: 'Always 1; the labels say what runs',
  kind: 'gauge',
  labels: ['version', 'node_version'],
  read: (set) => set([VERSION, process.version], 1),
}

function generation({ useCases, routers }: Measured, busiest: BusiestTags): MetricSource[] {
  const { generate } = useCases
  return [
    servedSource('idgen_generate_requests_total', 'Requests answered with IDs', 'requests', {
      busiest,
      generate,
    }),
    servedSource('idgen_ids_issued_total', 'IDs handed out', 'ids', { busiest, generate }),
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
function outcomes({ useCases, tagsTimed }: Measured, busiest: BusiestTags): MetricSource[] {
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
      name: 'idgen_tag_failures_total',
      help: 'Of the failures, those of each tag: of the first 1,000 tags that failed, and of the others together; * where the tag was not known',
      kind: 'counter',
      labels: ['tag'],
      read: (set) => {
        for (const [tag, requests] of useCases.ledger.failuresOfTags) set([tag], requests)
      },
    },
    {
      name: 'idgen_protocol_requests_total',
      help: 'Requests for IDs by protocol: answered, failed (through no fault of the caller), refused',
      kind: 'counter',
      labels: ['protocol', 'outcome'],
      read: (set) => {
        for (const protocol of ISSUING_PROTOCOLS)
          for (const outcome of CALL_OUTCOMES)
            set([protocol, outcome], useCases.protocols.read(protocol, outcome))
      },
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
    ...durationSources(useCases, busiest, tagsTimed),
  ]
}

function segmentsOfTags(busiest: BusiestTags): MetricSource[] {
  return [
    ofEachTag(
      busiest,
      'idgen_segment_usage_ratio',
      'Issued share of all numbers ever granted to this process, per tag',
      ({ buffer }) => {
        const { issued, granted } = buffer.stats()
        return granted > 0 ? issued / granted : undefined
      },
    ),
    ofEachTag(
      busiest,
      'idgen_segment_left_ratio',
      'Numbers in memory as a share of one segment, per tag: below 0.1 the next one is late',
      ({ buffer }) => buffer.leftRatio,
    ),
    ofEachTag(
      busiest,
      'idgen_date_used_ratio',
      "Of a tag whose count begins anew with each date: granted share of the data centre's numbers of the present one",
      ({ dateUsed }) => dateUsed,
    ),
    ofEachTag(
      busiest,
      'idgen_segment_step',
      'Numbers in the segment in use, per tag: the step follows the load',
      ({ buffer }) => buffer.segmentSize,
    ),
  ]
}

function segments({ useCases: { directory }, capacity }: Measured, busiest: BusiestTags): MetricSource[] {
  const counters = oncePerTurn(() => directory.segmentCounters())
  const sum = (ofTag: (buffer: SegmentBuffer) => number) => (): number => {
    let total = 0
    for (const { buffer } of directory.all()) total += ofTag(buffer)
    return total
  }
  return [
    ...segmentsOfTags(busiest),
    counter('idgen_segment_switches_total', 'Segments used up and replaced', () => counters().switches),
    counter(
      'idgen_segment_switches_ready_total',
      'Of these, found the next one ready: their share is the success of fetching ahead',
      () => counters().switchesReady,
    ),
    counter('idgen_segment_refills_total', 'Segments fetched', () => counters().refills),
    counter('idgen_segment_refusals_total', 'Segment allocations that failed', () => counters().refusals),
    gauge(
      'idgen_segment_numbers_granted',
      'Numbers granted to the tags in memory now',
      sum((one) => one.stats().granted),
    ),
    gauge(
      'idgen_segment_numbers_left',
      'Of these, not issued yet',
      sum((one) => one.left),
    ),
    gauge(
      'idgen_segment_numbers_wasted',
      'Of these, neither issued nor left: skipped so that a run fits in one piece',
      sum((one) => one.stats().granted - one.stats().issued - one.left),
    ),
    {
      name: 'idgen_range_used_ratio_max',
      help: 'Granted share of the data-centre number space of the fullest tag, at the last check (capacity.checkEvery)',
      kind: 'gauge',
      labels: [],
      // A gauge without labels has 0 where nothing was set: so it is before the first check.
      read: (set) => set([], capacity.largestShare ?? 0),
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
function algorithms({ snowflake, uuidV4 }: Measured): MetricSource[] {
  return [
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

function state({ useCases, claim }: Measured): MetricSource[] {
  return [
    gauge('idgen_ready', '1 while this process can serve', () => (useCases.readiness.report().ready ? 1 : 0)),
    gauge('idgen_dc_claim_ok', '1 while the data centre is claimed by no other installation', () =>
      claim?.fault === undefined ? 1 : 0,
    ),
    gauge('idgen_node_listed', '1 while other processes and clients find this one', () =>
      useCases.nodes.fault === undefined ? 1 : 0,
    ),
    gauge(
      'idgen_tags_degraded',
      'Tags in memory that are served by another algorithm than their first',
      () => {
        let tags = 0
        for (const { router } of useCases.directory.all()) if (router.degraded) tags += 1
        return tags
      },
    ),
    gauge('idgen_tags_in_memory', 'Tags that this process serves without asking the database', () => {
      let tags = 0
      for (const _ of useCases.directory.all()) tags += 1
      return tags
    }),
  ]
}

function dependencies({ useCases, audit, follower, pool }: Measured): MetricSource[] {
  return [
    gauge('idgen_database_ok', '1 while the database answers', () => (follower.fault === undefined ? 1 : 0)),
    ...(follower.listens
      ? [
          gauge(
            'idgen_key_news_ok',
            '1 while changes of API keys are told at once; 0: only the poll finds them (catalog.pollEvery). Left out where database.listen is false',
            () => (follower.deaf === undefined ? 1 : 0),
          ),
        ]
      : []),
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
    counter(
      'idgen_wrong_api_keys_total',
      'API keys that were refused: wrong, expired or revoked. Those that were not looked at are in idgen_rate_limited_total',
      () => useCases.refusedKeys.wrong,
    ),
    ...auditSources(audit),
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
