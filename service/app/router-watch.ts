import type { RouterEvent } from '../core/router.ts'
import type { Clock } from '../ports/clock.ts'
import type { Log } from '../ports/log.ts'
import type { AuditTrail } from './audit-trail.ts'
import type { LiveTag } from './live-tag.ts'
import { Repeat } from './repeat.ts'
import type { TagDirectory } from './tag-directory.ts'

export interface RouterWatchOptions {
  readonly directory: TagDirectory
  readonly audit: AuditTrail
  readonly clock: Clock
  readonly log: Log
  readonly probeEveryMs: number
}

/** Brings degraded tags back when their first choice is healthy again, and tells of every move. */
export class RouterWatch {
  readonly #options: RouterWatchOptions
  readonly #repeat: Repeat
  /** Moves since the start, for metrics. */
  readonly moves = { degraded: 0, recovered: 0 }

  constructor(options: RouterWatchOptions) {
    this.#options = options
    this.#repeat = new Repeat(options.clock, options.probeEveryMs, () => this.probe())
  }

  start(): void {
    this.#repeat.start()
  }

  async stop(): Promise<void> {
    await this.#repeat.stop()
  }

  /** One health check of every degraded tag. */
  probe(): void {
    const nowMs = this.#options.clock.nowMs()
    for (const tag of this.#options.directory.all()) {
      if (!tag.router.degraded) continue
      // No caller asks the segment of a degraded tag for numbers, so recovery must.
      if (tag.tag.chain.includes('segment')) tag.refiller.preload(nowMs)
      const event = tag.router.probe(nowMs)
      if (event !== undefined) this.tell(tag, event)
    }
  }

  tell(tag: LiveTag, event: RouterEvent): void {
    this.moves[event.kind] += 1
    const fields = { tag: tag.path, from: event.from, to: event.to, reason: event.reason }
    if (event.kind === 'degraded') this.#options.log.warn(fields, 'tag degraded')
    else this.#options.log.info(fields, 'tag recovered')
    this.#options.audit.record({
      action: event.kind === 'degraded' ? 'algorithm.degrade' : 'algorithm.recover',
      subject: tag.path,
      workspace: tag.tag.workspace,
      detail: { from: event.from, to: event.to, reason: event.reason },
    })
  }
}
