import type { MetricSource, NumberSource } from './adapters/telemetry/prometheus-metrics.ts'
import type { WorkerIds } from './app/worker-ids.ts'
import { endStampMs, type SnowflakeLayout } from './core/snowflake-layout.ts'
import type { TagCursors } from './core/tag-cursors.ts'
import { gauge } from './plain-metrics.ts'
import type { ServedCertificate } from './ports/certificates.ts'

export interface TimeMeasured {
  readonly workerIds: WorkerIds
  readonly layout: SnowflakeLayout
  readonly tagCursors: TagCursors
  /** Of the certificate that callers are shown; left out where none is. */
  readonly certificate?: Pick<ServedCertificate, 'life'> | undefined
}

/** The time that may be stamped, the clock it is held against, and what ends on a date. */
export function timeSources({ workerIds, layout, tagCursors, certificate }: TimeMeasured): MetricSource[] {
  const always: MetricSource[] = [
    ofEachWorkerId('idgen_worker_id', 'Snowflake worker id held, -1 without one', () =>
      workerIds.held.map((worker) => worker ?? -1),
    ),
    ofEachWorkerId(
      'idgen_time_grant_ok',
      '1 while snowflakes can be stamped with the worker id: a renewal that fails ends that only with the grant (idgen_time_renewal_late_seconds tells of it at once)',
      () => workerIds.faults.map((fault) => (fault === undefined ? 1 : 0)),
    ),
    ofEachWorkerId(
      'idgen_time_grant_left_seconds',
      'For how long stamping goes on without the store: to the end of what is granted, or of 0.8 × snowflake.lease since the last renewal',
      () => workerIds.grants.map(({ leftMs }) => leftMs / 1000),
    ),
    ofEachWorkerId(
      'idgen_worker_lease_age_seconds',
      'Time since the worker id was last renewed; above snowflake.renewEvery a renewal failed. None without a worker id',
      () => workerIds.grants.map(({ ageMs }) => (ageMs === undefined ? undefined : ageMs / 1000)),
    ),
    ofEachWorkerId(
      'idgen_time_renewal_late_seconds',
      'For how long a renewal of worker id and time has been tried for in vain; 0 where the last one went well. None without a worker id',
      () => workerIds.grants.map(({ lateMs }) => (lateMs === undefined ? undefined : lateMs / 1000)),
    ),
    {
      name: 'idgen_clock_offset_seconds',
      help: "This machine's clock minus that of the store, when they were last compared (snowflake.renewEvery)",
      kind: 'gauge',
      labels: [],
      read: (set) => {
        const aheadMs = workerIds.clockAheadMs
        if (aheadMs !== undefined) set([], aheadMs / 1000)
      },
    },
    gauge(
      'idgen_snowflake_end_timestamp_seconds',
      'Unix time of the last stamp of the snowflake layout (snowflake.epoch), or of a tag in memory whose own layout ends earlier; refused from then on',
      () => Math.min(endStampMs(layout), tagCursors.endMs) / 1000,
    ),
  ]
  if (certificate === undefined) return always
  return [
    ...always,
    gauge(
      'idgen_certificate_start_timestamp_seconds',
      'Unix time from which that certificate counts',
      () => certificate.life.startMs / 1000,
    ),
    gauge(
      'idgen_certificate_end_timestamp_seconds',
      'Unix time at which the certificate ends that is shown to callers',
      () => certificate.life.endMs / 1000,
    ),
  ]
}

/** One series for each of server.workerIds, in an order that stays; undefined leaves one out. */
function ofEachWorkerId(
  name: string,
  help: string,
  values: () => readonly (number | undefined)[],
): MetricSource {
  const read: NumberSource['read'] = (set) => {
    for (const [slot, value] of values().entries()) if (value !== undefined) set([String(slot)], value)
  }
  return { name, help, kind: 'gauge', labels: ['slot'], read }
}
