import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { QueueWatcher, WorkQueue } from './work-queue.ts'

export type ReconcileOutcome = 'success' | 'error' | 'requeue_after' | 'terminal'

/** What an operator tells Prometheus, under controller-runtime's names, so that dashboards and alerts for those fit. */
export class RuntimeMetrics {
  readonly registry = new Registry()
  readonly #queues = new Map<string, WorkQueue>()
  readonly #reconciles = this.#counter('controller_runtime_reconcile_total', 'Reconciles by result.', [
    'controller',
    'result',
  ])
  readonly #errors = this.#counter('controller_runtime_reconcile_errors_total', 'Reconciles that failed.', [
    'controller',
  ])
  readonly #terminal = this.#counter(
    'controller_runtime_terminal_reconcile_errors_total',
    'Reconciles that failed and are not tried again before something changes.',
    ['controller'],
  )
  readonly #panics = this.#counter(
    'controller_runtime_reconcile_panics_total',
    'Reconciles that failed by a programming error.',
    ['controller'],
  )
  readonly #timeouts = this.#counter(
    'controller_runtime_reconcile_timeouts_total',
    'Reconciles that took longer than their limit.',
    ['controller'],
  )
  readonly #seconds = this.#histogram(
    'controller_runtime_reconcile_time_seconds',
    'Duration of a reconcile.',
    ['controller'],
    RECONCILE_BUCKETS,
  )
  readonly #active = this.#gauge('controller_runtime_active_workers', 'Workers that reconcile now.', [
    'controller',
  ])
  readonly #workers = this.#gauge(
    'controller_runtime_max_concurrent_reconciles',
    'Workers that can reconcile at a time.',
    ['controller'],
  )
  readonly #adds = this.#counter('workqueue_adds_total', 'Keys added.', ['name'])
  readonly #retries = this.#counter('workqueue_retries_total', 'Keys that come again after a failure.', [
    'name',
  ])
  readonly #waits = this.#histogram(
    'workqueue_queue_duration_seconds',
    'How long a key waits for a worker.',
    ['name'],
    QUEUE_BUCKETS,
  )
  readonly #works = this.#histogram(
    'workqueue_work_duration_seconds',
    'How long a worker has a key.',
    ['name'],
    QUEUE_BUCKETS,
  )
  readonly #leader = this.#gauge('leader_election_master_status', '1: this process leads.', ['name'])
  readonly #lists = this.#counter('reflector_lists_total', 'Complete lists read.', ['kind'])
  readonly #listFailures = this.#counter('reflector_list_failures_total', 'Lists that failed.', ['kind'])
  readonly #watchFailures = this.#counter(
    'reflector_watch_failures_total',
    'Watches that failed or were torn.',
    ['kind'],
  )
  readonly #handlerFailures = this.#counter(
    'reflector_handler_failures_total',
    'Changes whose handler threw.',
    ['kind'],
  )
  readonly #events = this.#counter('events_total', 'Events by what became of them.', ['result'])

  constructor() {
    collectDefaultMetrics({ register: this.registry })
    this.#queueGauge('workqueue_depth', 'Keys that wait for a worker.', (queue) => queue.depth)
    this.#queueGauge(
      'workqueue_unfinished_work_seconds',
      'Seconds spent so far on keys not done yet.',
      (queue) => queue.processingMs().reduce((sum, ms) => sum + ms / 1000, 0),
    )
    this.#queueGauge('workqueue_longest_running_processor_seconds', 'The longest of them.', (queue) =>
      Math.max(0, ...queue.processingMs().map((ms) => ms / 1000)),
    )
  }

  queueWatcher(name: string): QueueWatcher {
    return {
      added: () => this.#adds.inc({ name }),
      retried: () => this.#retries.inc({ name }),
      waited: (ms) => this.#waits.observe({ name }, ms / 1000),
      worked: (ms) => this.#works.observe({ name }, ms / 1000),
    }
  }

  /** Its depth is read when Prometheus asks. */
  watchQueue(name: string, queue: WorkQueue): void {
    this.#queues.set(name, queue)
  }

  controllerStarted(controller: string, workers: number): void {
    this.#workers.set({ controller }, workers)
    this.#active.set({ controller }, 0)
    // A rate over a series that begins with its first failure misses that failure.
    for (const counter of [this.#errors, this.#terminal, this.#panics, this.#timeouts])
      counter.inc({ controller }, 0)
    for (const result of ['success', 'error', 'requeue_after'] as const)
      this.#reconciles.inc({ controller, result }, 0)
  }

  reconcileStarted(controller: string): void {
    this.#active.inc({ controller })
  }

  reconcileEnded(controller: string, outcome: ReconcileOutcome, ms: number, panic: boolean): void {
    this.#active.dec({ controller })
    this.#seconds.observe({ controller }, ms / 1000)
    const failed = outcome === 'error' || outcome === 'terminal'
    this.#reconciles.inc({ controller, result: failed ? 'error' : outcome })
    if (failed) this.#errors.inc({ controller })
    if (outcome === 'terminal') this.#terminal.inc({ controller })
    if (panic) this.#panics.inc({ controller })
  }

  reconcileTimedOut(controller: string): void {
    this.#timeouts.inc({ controller })
  }

  leading(name: string, leads: boolean): void {
    this.#leader.set({ name }, leads ? 1 : 0)
  }

  listed(kind: string): void {
    this.#lists.inc({ kind })
  }

  reflectorFailed(kind: string, what: 'list' | 'watch' | 'handler'): void {
    const counters = { list: this.#listFailures, watch: this.#watchFailures, handler: this.#handlerFailures }
    counters[what].inc({ kind })
  }

  eventWritten(result: 'created' | 'counted' | 'dropped' | 'failed'): void {
    this.#events.inc({ result })
  }

  async scrape(): Promise<{ readonly contentType: string; readonly text: string }> {
    return { contentType: this.registry.contentType, text: await this.registry.metrics() }
  }

  #counter<L extends string>(name: string, help: string, labelNames: L[]): Counter<L> {
    return new Counter({ name, help, labelNames, registers: [this.registry] })
  }

  #gauge<L extends string>(name: string, help: string, labelNames: L[]): Gauge<L> {
    return new Gauge({ name, help, labelNames, registers: [this.registry] })
  }

  #histogram<L extends string>(name: string, help: string, labelNames: L[], buckets: number[]): Histogram<L> {
    return new Histogram({ name, help, labelNames, buckets, registers: [this.registry] })
  }

  #queueGauge(name: string, help: string, read: (queue: WorkQueue) => number): void {
    const queues = this.#queues
    new Gauge({
      name,
      help,
      labelNames: ['name'],
      registers: [this.registry],
      collect() {
        for (const [queueName, queue] of queues) this.set({ name: queueName }, read(queue))
      },
    })
  }
}

/** controller-runtime's, thinned: most reconciles change nothing and take milliseconds, the limit is minutes. */
const RECONCILE_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120]
/** controller-runtime's: powers of ten from a microsecond are of no use in a process that counts milliseconds. */
const QUEUE_BUCKETS = [0.001, 0.01, 0.1, 1, 10, 100, 1000]
