import type { ServiceProcess } from '../fixtures/service-process.ts'
import { distinct } from './distinct-texts.ts'

interface Reading {
  readonly atMs: number
  readonly service: number
  /** HTTP status of /readyz; undefined: no answer. */
  readonly status: number | undefined
  readonly degraded: readonly string[]
}

/** Asks every service for /readyz all the time, as a kubelet does, and keeps what they said. */
export class ServiceWatch {
  readonly #services: readonly ServiceProcess[]
  readonly #readings: Reading[] = []
  #timer: NodeJS.Timeout | undefined

  /** `services` may change at any time. */
  constructor(services: readonly ServiceProcess[]) {
    this.#services = services
  }

  start(): void {
    this.#timer = setInterval(() => void this.#askAll(), EVERY_MS)
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  /** What was said to be degraded in [fromMs, toMs), numbers left out, with how often. */
  degraded(fromMs: number, toMs: number): string[] {
    return distinct(this.#between(fromMs, toMs).flatMap((reading) => reading.degraded))
  }

  /** Answers that told a load balancer to send nothing here. */
  unready(fromMs: number, toMs: number): number {
    return this.#between(fromMs, toMs).filter(({ status }) => status !== undefined && status !== 200).length
  }

  /** When /readyz of some service last was not plainly well; undefined: always was since `fromMs`. */
  lastUnwell(fromMs: number): number | undefined {
    const unwell = this.#between(fromMs, Number.POSITIVE_INFINITY).filter(
      ({ status, degraded }) => status !== 200 || degraded.length > 0,
    )
    return unwell.at(-1)?.atMs
  }

  #between(fromMs: number, toMs: number): Reading[] {
    return this.#readings.filter(({ atMs }) => atMs >= fromMs && atMs < toMs)
  }

  async #askAll(): Promise<void> {
    await Promise.all(
      [...this.#services].map(async (service, index) => {
        const said = await readiness(service)
        this.#readings.push({ atMs: performance.now(), service: index, ...said })
      }),
    )
  }
}

async function readiness(service: ServiceProcess): Promise<Pick<Reading, 'status' | 'degraded'>> {
  try {
    const response = await fetch(`${service.metricsOrigin}/readyz`, {
      signal: AbortSignal.timeout(ASK_MAX_MS),
    })
    const { degraded } = (await response.json()) as { degraded: { what: string; why: string }[] }
    return { status: response.status, degraded: degraded.map(({ what, why }) => `${what}: ${why}`) }
  } catch {
    return { status: undefined, degraded: [] }
  }
}

const EVERY_MS = 500
const ASK_MAX_MS = 1000
