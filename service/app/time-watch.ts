import type { Log } from '../ports/log.ts'
import type { AuditTrail } from './audit-trail.ts'
import type { TimeGrantEvent } from './copied-time.ts'
import type { WorkerEvent } from './time-grant-keeper.ts'

export interface TimeWatchOptions {
  readonly audit: AuditTrail
  readonly log: Log
}

/**
 * Tells of a process' worker ids and of the copies of its time grants (R-2.2.5): in the audit log, in the log at a
 * level one can alert on, and as counters. A process that cannot get a worker id tries again every few seconds; the
 * same trouble is told once until it ends.
 */
export class TimeWatch {
  readonly #options: TimeWatchOptions
  /** Since the start, for metrics. */
  readonly counters = { acquired: 0, lost: 0, released: 0, unavailable: 0, copyBehind: 0, copyCaughtUp: 0 }

  constructor(options: TimeWatchOptions) {
    this.#options = options
  }

  /** For CoordinatedTimeGrants.onFlag. */
  readonly onFlag = (event: TimeGrantEvent): void => {
    // Told as worker.lost as well, by whoever held it; the reason is only known here.
    if (event.kind === 'hold-refused') return this.#tell('worker.refused', event)
    if (event.kind === 'copy-behind') this.counters.copyBehind += 1
    else this.counters.copyCaughtUp += 1
    this.#tell(`time.${event.kind}`, event)
  }

  /** For the TimeGrantKeeper.onWorker of one worker id. */
  newOnWorker(): (event: WorkerEvent) => void {
    let unavailable = false
    return (event) => {
      this.counters[event.kind] += 1
      const again = event.kind === 'unavailable' && unavailable
      unavailable = event.kind === 'unavailable'
      if (again) return
      if (event.kind === 'unavailable')
        this.#options.log.error({ ...event }, 'no worker id: without one there are no snowflake IDs')
      this.#tell(`worker.${event.kind}`, event)
    }
  }

  #tell(action: string, { dc, worker, reason }: TimeGrantEvent | WorkerEvent): void {
    const subject = worker === undefined ? `dc ${dc}` : `dc ${dc} worker ${worker}`
    this.#options.audit.record({ action, subject, detail: { reason } })
  }
}
