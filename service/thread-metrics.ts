import type { MetricSource } from './adapters/telemetry/prometheus-metrics.ts'
import type { SubBlockLender } from './app/sub-block-lender.ts'
import type { TurnWatch } from './app/turn-watch.ts'
import { counter, gauge } from './plain-metrics.ts'
import type { ThreadPool } from './threads/thread-pool.ts'

/** Series for each thread would be as many as there are processors; which of the protocol threads is late matters to nobody. */
export function latenessSource({ turns, threads }: Lateness): MetricSource {
  return {
    name: 'idgen_thread_late_seconds',
    help: 'How late the main thread, or the latest of the protocol threads, came to its work, at worst in the last 15 to 30 s',
    kind: 'gauge',
    labels: ['thread'],
    read: (set) => {
      set(['main'], turns.worstMs / 1000)
      if (threads !== undefined) set(['protocol'], threads.worstLateMs / 1000)
    },
  }
}

interface Lateness {
  /** Of the main thread. */
  readonly turns: Pick<TurnWatch, 'worstMs'>
  readonly threads?: Pick<ThreadPool, 'worstLateMs'> | undefined
}

/** The protocol threads, and what the main thread lends them. */
export function threadSources(threads: ThreadPool, lender: SubBlockLender): MetricSource[] {
  return [
    gauge('idgen_threads', 'Protocol threads that answer now', () => threads.running),
    counter(
      'idgen_thread_deaths_total',
      'Protocol threads that ended or hung, and were replaced',
      () => threads.deaths,
    ),
    counter(
      'idgen_thread_passed_total',
      'Requests that protocol threads passed on to the main thread: management, probes, documents',
      () => threads.passed,
    ),
    {
      name: 'idgen_thread_unpassed_total',
      help: 'Requests for anything but IDs (management, pages, documents, probes), which the main thread answers, that were refused (IDGEN_OVERLOADED): too many of their thread waited for it already (full), or too many of their client (address). Connections have a metric of their own',
      kind: 'counter',
      labels: ['reason'],
      read: (set) => {
        for (const reason of ['full', 'address'] as const) set([reason], threads.unpassed(reason))
      },
    },
    gauge(
      'idgen_thread_heap_bytes',
      'Heaps of the protocol threads together, half a second ago (nodejs_heap_size_used_bytes: of the main thread)',
      () => threads.heaps.usedBytes,
    ),
    counter(
      'idgen_thread_gc_seconds_total',
      'How long the collectors of protocol threads stopped them, added up (nodejs_gc_duration_seconds: of the main thread)',
      () => threads.heaps.collectedMs / 1000,
    ),
    counter('idgen_thread_shares_total', 'Shares of IDs lent to protocol threads', () => lender.shares),
    counter('idgen_thread_ids_lent_total', 'IDs in these shares', () => lender.lent),
    counter(
      'idgen_thread_ids_used_total',
      'Of these, handed out; the others lie in the threads (a quarter of a second of them) or were burnt',
      () => threads.used,
    ),
  ]
}
