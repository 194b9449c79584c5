import type { SecondReport } from '../service/load/load-report.ts'
import type { ServiceProcess } from '../test/fixtures/service-process.ts'
import { median } from './median.ts'
import { residentMb } from './thread-times.ts'

/** What the service looked like at one moment. */
export interface SoakSample {
  readonly minute: number
  /** Of the whole process: every heap, and what lies outside of them. */
  readonly residentMb: number
  readonly mainHeapMb: number
  /** Of all protocol threads together. */
  readonly threadsHeapMb: number
  /** Pauses of the main thread's collector since the sample before, milliseconds of a second. */
  readonly mainGcMsPerSecond: number
  /** Of all protocol threads added up. */
  readonly threadsGcMsPerSecond: number
  /** Of the main thread, since the sample before: by how much its loop came later than it was to come. */
  readonly loopDelayP99Ms: number
  /** How late the latest of the protocol threads came to its work, at worst in the last 15 to 30 s. */
  readonly threadsLateMs: number
  /** Of all protocols, since the sample before. */
  readonly answersPerSecond: number
  /** The worst protocol's: the median of the seconds since the sample before. */
  readonly p99Ms: number
}

/** Samples a service: its own /metrics, what the kernel says, and what the load saw since the sample before. */
export class SoakSampler {
  readonly samples: SoakSample[] = []
  readonly #service: ServiceProcess
  /** By protocol, since the sample before. */
  readonly #seconds = new Map<string, SecondReport[]>()
  readonly #beganMs = performance.now()
  #gcBefore = { main: 0, threads: 0, atMs: this.#beganMs }

  constructor(service: ServiceProcess) {
    this.#service = service
  }

  noteSecond(protocol: string, second: SecondReport): void {
    const seconds = this.#seconds.get(protocol) ?? []
    this.#seconds.set(protocol, [...seconds, second])
  }

  async sample(): Promise<void> {
    const metrics = await (await fetch(`${this.#service.metricsOrigin}/metrics`)).text()
    const now = performance.now()
    const gc = {
      main: summed(metrics, 'nodejs_gc_duration_seconds_sum') * 1000,
      threads: summed(metrics, 'idgen_thread_gc_seconds_total') * 1000,
      atMs: now,
    }
    const before = this.#gcBefore
    const perSecond = (ms: number): number => (ms / (now - before.atMs)) * 1000
    const seconds = [...this.#seconds.values()]
    this.samples.push({
      minute: (now - this.#beganMs) / 60_000,
      residentMb: await residentMb(this.#service.pid),
      mainHeapMb: summed(metrics, 'nodejs_heap_size_used_bytes') / 1e6,
      threadsHeapMb: summed(metrics, 'idgen_thread_heap_bytes') / 1e6,
      mainGcMsPerSecond: perSecond(gc.main - before.main),
      threadsGcMsPerSecond: perSecond(gc.threads - before.threads),
      loopDelayP99Ms: loopDelayMs(summed(metrics, 'nodejs_eventloop_lag_p99_seconds')),
      threadsLateMs: summed(metrics, 'idgen_thread_late_seconds{thread="protocol"}') * 1000,
      answersPerSecond: seconds.reduce((sum, of) => sum + rateOf(of), 0),
      p99Ms: Math.max(0, ...seconds.map((of) => median(of.map(({ p99 }) => p99)))),
    })
    this.#gcBefore = gc
    this.#seconds.clear()
  }
}

/** The metric is the whole distance between two looks of a timer; what it is above the timer's own interval is the delay. */
export function loopDelayMs(lagSeconds: number): number {
  return Math.max(0, lagSeconds * 1000 - LOOK_EVERY_MS)
}

/** `eventLoopMonitoringPrecision` of prom-client, whose default stands. */
const LOOK_EVERY_MS = 10

function rateOf(seconds: readonly SecondReport[]): number {
  const answers = seconds.reduce((sum, second) => sum + second.answers, 0)
  return (answers / seconds.reduce((sum, { ms }) => sum + ms, 0)) * 1000
}

/**
 * All series of one name in Prometheus' text, added up; with its labels: the one that has them.
 * @throws when there is none: a renamed figure must not read 0
 */
export function summed(metrics: string, name: string): number {
  const lines = metrics
    .split('\n')
    .filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`))
  if (lines.length === 0) throw new Error(`/metrics has no ${name}`)
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0)
}
