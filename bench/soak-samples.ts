import type { SecondReport } from '../service/load/load-report.ts'
import type { ServiceProcess } from '../test/fixtures/service-process.ts'
import { residentMb } from './thread-times.ts'

/** What the service looked like at one moment. */
export interface SoakSample {
  readonly minute: number
  readonly residentMb: number
  /** Of the main thread. */
  readonly heapMb: number
  /** Pauses of the main thread's collector since the sample before, milliseconds of a second. */
  readonly gcMsPerSecond: number
  /** Of the main thread, since the sample before. */
  readonly loopDelayP99Ms: number
  /** Of all protocols, the last second's. */
  readonly answersPerSecond: number
  /** The worst protocol's. */
  readonly p99Ms: number
}

/** Samples a service: its own /metrics, what the kernel says, and what the load saw in the last second. */
export class SoakSampler {
  readonly samples: SoakSample[] = []
  readonly #service: ServiceProcess
  readonly #lastSeconds = new Map<string, SecondReport>()
  readonly #beganMs = performance.now()
  #gcBefore = { seconds: 0, atMs: this.#beganMs }

  constructor(service: ServiceProcess) {
    this.#service = service
  }

  noteSecond(protocol: string, second: SecondReport): void {
    this.#lastSeconds.set(protocol, second)
  }

  async sample(): Promise<void> {
    const metrics = await (await fetch(`${this.#service.metricsOrigin}/metrics`)).text()
    const now = performance.now()
    const gcSeconds = summed(metrics, 'nodejs_gc_duration_seconds_sum')
    const gcMs = (gcSeconds - this.#gcBefore.seconds) * 1000
    const seconds = [...this.#lastSeconds.values()]
    this.samples.push({
      minute: (now - this.#beganMs) / 60_000,
      residentMb: await residentMb(this.#service.pid),
      heapMb: summed(metrics, 'nodejs_heap_size_used_bytes') / 1e6,
      gcMsPerSecond: (gcMs / (now - this.#gcBefore.atMs)) * 1000,
      loopDelayP99Ms: summed(metrics, 'nodejs_eventloop_lag_p99_seconds') * 1000,
      answersPerSecond: seconds.reduce((sum, { answers, ms }) => sum + (answers / ms) * 1000, 0),
      p99Ms: Math.max(0, ...seconds.map(({ p99 }) => p99)),
    })
    this.#gcBefore = { seconds: gcSeconds, atMs: now }
  }
}

/** All series of one name in Prometheus' text, added up. @throws when there is none: a renamed figure must not read 0 */
export function summed(metrics: string, name: string): number {
  const lines = metrics
    .split('\n')
    .filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`))
  if (lines.length === 0) throw new Error(`/metrics has no ${name}`)
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0)
}
