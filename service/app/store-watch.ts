import type { WitnessFinding } from '../core/witness.ts'
import type { Log } from '../ports/log.ts'
import type { AuditTrail } from './audit-trail.ts'

export interface StoreWatchOptions {
  readonly audit: AuditTrail
  readonly log: Log
}

/**
 * Tells what the witness saw of the database: that it was started again or failed over (its history changed), or that
 * it lost commits (alert SegmentStoreRegressed), or that numbers were granted without the witness (alert WitnessBlind).
 * After a failover every tag notices it, so each change of history is
 * told once and then counted.
 */
export class StoreWatch {
  readonly #options: StoreWatchOptions
  /** How many tags noticed it, by kind and change of history. */
  readonly #noticed = new Map<string, number>()
  /** Findings since the start, for metrics. */
  readonly counters = { history: 0, regressed: 0, blind: 0, skipped: 0 }

  constructor(options: StoreWatchOptions) {
    this.#options = options
  }

  found(tagId: number, dc: number, { kind, before, now, skipped }: WitnessFinding): void {
    this.counters[kind] += 1
    this.counters.skipped += skipped
    const change = `${kind} ${before} ${now}`
    const times = (this.#noticed.get(change) ?? 0) + 1
    this.#noticed.delete(change)
    this.#noticed.set(change, times)
    if (this.#noticed.size > CHANGES_MAX) this.#forgetOldest()
    if (times > TOLD_MAX) return
    const { log, audit } = this.#options
    const fields = { tagId, dc, before, now, skipped }
    if (kind === 'regressed')
      log.error(
        fields,
        'the database is behind etcd: it lost commits, or was stopped in one; numbers are skipped',
      )
    else if (kind === 'blind')
      log.error(fields, 'numbers are granted without etcd: witness.onUnavailable suspends the promise')
    else log.warn(fields, 'the database has another history; numbers it may have granted are skipped')
    audit.record({ action: `store.${kind}`, subject: `tag ${tagId}`, detail: fields })
  }

  #forgetOldest(): void {
    for (const oldest of this.#noticed.keys()) {
      this.#noticed.delete(oldest)
      return
    }
  }
}

/** Tags named per change of history: enough to see which, not a line for each of 100,000. */
const TOLD_MAX = 10
/** Changes of history remembered: a restart a day for months. */
const CHANGES_MAX = 100
