import type { AuditRecord, AuditSink } from '../ports/audit-sink.ts'
import type { Clock } from '../ports/clock.ts'
import type { Log } from '../ports/log.ts'
import { Repeat } from './repeat.ts'

export interface AuditTrailOptions {
  readonly sink: AuditSink
  readonly clock: Clock
  readonly log: Log
  /** Records kept while the sink is slow or away; further ones are dropped, counted and logged. */
  readonly queueMax: number
  readonly flushEveryMs: number
}

export type AuditEntry = Partial<AuditRecord> & Pick<AuditRecord, 'action' | 'subject'>

/** Bounded queue in front of the audit sink: callers never wait for it, and a stop writes what is queued. */
export class AuditTrail {
  readonly #options: AuditTrailOptions
  readonly #repeat: Repeat
  #queue: AuditRecord[] = []
  #dropped = 0
  #written = 0

  constructor(options: AuditTrailOptions) {
    this.#options = options
    this.#repeat = new Repeat(options.clock, options.flushEveryMs, () => this.flush())
  }

  get dropped(): number {
    return this.#dropped
  }

  get written(): number {
    return this.#written
  }

  get queued(): number {
    return this.#queue.length
  }

  record(entry: AuditEntry): void {
    // Counts of calls leave a fifth of the queue to what people did, so that a flood of them hides no change.
    const share = entry.action.startsWith('generate') ? COUNTS_SHARE : 1
    if (this.#queue.length >= this.#options.queueMax * share) {
      if (this.#dropped === 0)
        this.#options.log.error({ queueMax: this.#options.queueMax }, 'audit queue full')
      this.#dropped += 1
      return
    }
    this.#queue.push({
      at: new Date(this.#options.clock.nowMs()),
      actor: 'system',
      workspace: undefined,
      result: 'ok',
      traceId: undefined,
      detail: {},
      ...entry,
    })
  }

  start(): void {
    this.#repeat.start()
  }

  /** Writes what is queued, with one try per batch: a sink that is away must not hold the shutdown. */
  async stop(): Promise<void> {
    await this.#repeat.stop()
    await this.flush()
    if (this.#queue.length > 0)
      this.#options.log.error({ lost: this.#queue.length }, 'audit records lost at shutdown')
  }

  /** Writes the queue in batches; on failure the batch goes back to the front and the next flush tries again. */
  async flush(): Promise<void> {
    while (this.#queue.length > 0) {
      const batch = this.#queue.slice(0, BATCH_MAX)
      this.#queue = this.#queue.slice(BATCH_MAX)
      try {
        await this.#options.sink.write(batch)
        this.#written += batch.length
      } catch (error) {
        this.#queue = [...batch, ...this.#queue]
        this.#options.log.warn(
          { err: error, queued: this.#queue.length },
          'audit records could not be written',
        )
        return
      }
    }
  }
}

const COUNTS_SHARE = 0.8
/** 500 rows of 8 values stay far below PostgreSQL's 65,535 parameters and make one round trip worth its while. */
const BATCH_MAX = 500
