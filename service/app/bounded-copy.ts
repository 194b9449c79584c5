import type { AuditCopy } from '../ports/audit-copy.ts'
import type { ChainedRecord } from '../ports/audit-sink.ts'
import { type Clock, sleep } from '../ports/clock.ts'
import type { Log } from '../ports/log.ts'

/**
 * A copy of the audit log that may hang, as a file on storage that is away does: it holds up neither the database nor a
 * start or a stop. One call at a time is under way, since each may keep a thread of the process until it ends.
 */
export class BoundedCopy implements AuditCopy {
  readonly #copy: AuditCopy
  readonly #clock: Clock
  readonly #log: Log
  #hangs = false
  /** Not waited for, or not even tried. */
  #passed = 0
  /** Passed, and counted by the copy as well when its call ended at last. */
  #countedTwice = 0

  constructor(copy: AuditCopy, { clock, log }: { readonly clock: Clock; readonly log: Log }) {
    this.#copy = copy
    this.#clock = clock
    this.#log = log
  }

  /** Never falls: what comes into the copy after its time stays counted. */
  get missed(): number {
    return this.#copy.missed + this.#passed - this.#countedTwice
  }

  async add(records: readonly ChainedRecord[]): Promise<void> {
    if (this.#hangs) {
      this.#passed += records.length
      return
    }
    const before = this.#copy.missed
    const ended = new AbortController()
    const call = this.#copy.add(records).then(() => {
      ended.abort()
      if (this.#hangs) this.#woke(this.#copy.missed - before)
    })
    const late = sleep(this.#clock, COPY_MAX_MS, ended.signal).then(() => {
      if (ended.signal.aborted) return
      this.#hangs = true
      this.#passed += records.length
      const err = new Error(`audit.file has not taken ${records.length} records within ${COPY_MAX_MS} ms`)
      this.#log.error({ err, missed: this.missed }, 'audit file cannot be written')
    })
    await Promise.race([call, late])
  }

  #woke(missed: number): void {
    this.#hangs = false
    this.#countedTwice += missed
    // One that failed has told so itself.
    if (missed === 0) this.#log.info({ missed: this.missed }, 'audit file takes records again')
  }
}

/** A disk that syncs for longer is as good as away; a stop has 8 s for all it does. */
export const COPY_MAX_MS = 2000
