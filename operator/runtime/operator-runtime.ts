import type { Controller } from './controller.ts'
import type { EventRecorder } from './event-recorder.ts'
import type { LeaderElector } from './leader-elector.ts'
import type { RuntimeMetrics } from './metrics.ts'
import type { RuntimeLog } from './runtime-log.ts'
import type { StatusSource } from './status-server.ts'

/** What the runtime needs of a reflector, of whatever kind. */
export interface RunningReflector {
  readonly kind: string
  readonly synced: boolean
  whenSynced(): Promise<void>
  start(): void
  stop(): Promise<void>
}

export interface RuntimeOptions {
  readonly log: RuntimeLog
  readonly metrics: RuntimeMetrics
  /** Of the Lease, for the metric. */
  readonly name: string
  readonly elector: LeaderElector
  readonly recorder: EventRecorder
  readonly reflectors: readonly RunningReflector[]
  readonly controllers: readonly Controller[]
}

/**
 * Starts and ends everything in an order in which nobody acts without leading:
 *
 *     caches ─▶ lease ─▶ caches complete ─▶ controllers … controllers ended ─▶ lease given back ─▶ caches
 *
 * A standby's caches and queues are warm, so that it acts at once when it takes over.
 */
export class OperatorRuntime {
  readonly #options: RuntimeOptions
  #phase: 'starting' | 'standby' | 'leading' | 'ended' = 'starting'

  constructor(options: RuntimeOptions) {
    this.#options = options
  }

  get phase(): 'starting' | 'standby' | 'leading' | 'ended' {
    return this.#phase
  }

  /** Resolves 'stopped' when `signal` aborts, and 'lost' when leadership is: then the process must end. */
  async run(signal: AbortSignal): Promise<'stopped' | 'lost'> {
    const { reflectors, elector, metrics, name } = this.#options
    metrics.leading(name, false)
    for (const reflector of reflectors) reflector.start()
    this.#phase = 'standby'
    try {
      if (!(await elector.acquire(signal))) return 'stopped'
      return await this.#lead(signal)
    } finally {
      this.#phase = 'ended'
      await Promise.all(reflectors.map((reflector) => reflector.stop()))
    }
  }

  async #lead(signal: AbortSignal): Promise<'stopped' | 'lost'> {
    const { elector, metrics, name, recorder } = this.#options
    this.#phase = 'leading'
    metrics.leading(name, true)
    const holding = new AbortController()
    const end = elector.hold(holding.signal)
    try {
      // Half a picture looks as if the other half had been deleted: nobody reconciles before all lists are there.
      const synced = Promise.all(this.#options.reflectors.map((reflector) => reflector.whenSynced()))
      await Promise.race([synced, end, aborted(signal)])
      if (!signal.aborted && elector.leads)
        for (const controller of this.#options.controllers) controller.start()
      await Promise.race([end, aborted(signal)])
      // The lease is renewed meanwhile: what still runs must not run beside the next leader.
      await Promise.all(this.#options.controllers.map((controller) => controller.stop()))
    } finally {
      holding.abort()
    }
    metrics.leading(name, false)
    if ((await end) === 'lost') return 'lost'
    await recorder.flush()
    await elector.release()
    return 'stopped'
  }

  /** For the probes. */
  status(): Pick<StatusSource, 'unwell' | 'unready'> {
    const { elector, reflectors } = this.#options
    return {
      unwell: () => {
        // A leader that cannot renew ends by itself; one that does not even notice has stopped working.
        if (this.#phase === 'leading' && !elector.leads && !elector.inTouch)
          return 'the lease was not renewed'
        return undefined
      },
      unready: () => {
        if (this.#phase === 'starting' || this.#phase === 'ended') return `the operator is ${this.#phase}`
        if (!elector.inTouch)
          return 'the lease was not seen lately: is the API server reachable, are leases allowed?'
        const missing = reflectors.filter(({ synced }) => !synced).map(({ kind }) => kind)
        return missing.length === 0 ? undefined : `not listed yet: ${missing.join(', ')}`
      },
    }
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
