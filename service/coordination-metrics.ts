import type { MetricSource } from './adapters/telemetry/prometheus-metrics.ts'
import type { SegmentAllocator } from './app/segment-allocator.ts'
import type { StoreWatch } from './app/store-watch.ts'
import type { TimeWatch } from './app/time-watch.ts'
import { counter, gauge } from './plain-metrics.ts'
import type { Coordination } from './start-coordination.ts'

export interface CoordinationMeasured {
  readonly allocator: SegmentAllocator
  readonly storeWatch: StoreWatch
  readonly timeWatch: TimeWatch
  readonly coordination: Coordination | undefined
}

/** What two stores that guard each other tell: the witness, the copies of time grants, the exchange of tags. */
export function coordinationSources(measured: CoordinationMeasured): MetricSource[] {
  const { allocator, storeWatch, timeWatch, coordination } = measured
  const always: MetricSource[] = [
    {
      name: 'idgen_segment_grants_total',
      help: 'Segment allocations, by how the second store took part: witnessed, alone (below the ceiling, or no etcd configured), blind (beyond it: the promise is suspended), refused',
      kind: 'counter',
      labels: ['witness'],
      read: (set) => {
        const { witnessed, alone, blind, refused } = allocator.counters
        set(['witnessed'], witnessed)
        set(['alone'], alone)
        set(['blind'], blind)
        set(['refused'], refused)
      },
    },
    {
      name: 'idgen_database_history_changes_total',
      help: 'Tags that noticed another history of the database: history (started again, failed over), regressed (it lost commits)',
      kind: 'counter',
      labels: ['kind'],
      read: (set) => {
        set(['history'], storeWatch.counters.history)
        set(['regressed'], storeWatch.counters.regressed)
      },
    },
    {
      name: 'idgen_worker_events_total',
      help: 'What became of the worker id of this process: acquired, lost (a store refused it), released, unavailable (none could be had)',
      kind: 'counter',
      labels: ['event'],
      read: (set) => {
        const { acquired, lost, released, unavailable } = timeWatch.counters
        set(['acquired'], acquired)
        set(['lost'], lost)
        set(['released'], released)
        set(['unavailable'], unavailable)
      },
    },
    counter(
      'idgen_segment_numbers_skipped_total',
      'Numbers skipped because the database may have granted them and forgotten it',
      () => storeWatch.counters.skipped,
    ),
  ]
  return coordination === undefined ? always : [...always, ...ofEtcd(coordination)]
}

function ofEtcd({ witness, times, conflicts, sync }: Coordination): MetricSource[] {
  return [
    gauge('idgen_etcd_ok', '1 while etcd can be followed', () => (sync.fault === undefined ? 1 : 0)),
    gauge('idgen_witness_ok', '1 while etcd answers allocations in time', () =>
      witness.fault === undefined ? 1 : 0,
    ),
    gauge('idgen_time_copy_ok', '1 while the copies of time grants in PostgreSQL are current', () =>
      times.flagged === undefined ? 1 : 0,
    ),
    counter(
      'idgen_time_copies_missed_total',
      'Time granted while PostgreSQL did not answer',
      () => times.copiesMissed,
    ),
    gauge(
      'idgen_range_conflicts',
      'Tags whose name or numbers another database claims',
      () => conflicts.paths.length,
    ),
  ]
}
