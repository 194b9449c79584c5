import { appendFile } from 'node:fs/promises'
import { auditLine } from '../../core/audit-line.ts'
import type { AuditCopy } from '../../ports/audit-copy.ts'
import type { ChainedRecord } from '../../ports/audit-sink.ts'
import type { Log } from '../../ports/log.ts'

/**
 * The audit log as a file of NDJSON. It is opened anew for each batch (one a second at most), so that one that was moved
 * away, by logrotate or by hand, is followed by a new one without a signal; and it is synced to the disk before the next.
 */
export class AuditFile implements AuditCopy {
  readonly #path: string
  readonly #log: Log
  #missed = 0
  #failing = false

  constructor(path: string, log: Log) {
    this.#path = path
    this.#log = log
  }

  get missed(): number {
    return this.#missed
  }

  async add(records: readonly ChainedRecord[]): Promise<void> {
    // A write that failed may have left half a line: what comes now must not continue it.
    const text = (this.#failing ? '\n' : '') + records.map((record) => auditLine(record)).join('')
    try {
      await appendFile(this.#path, text, { mode: OWNER_AND_GROUP, flush: true })
      if (this.#failing) this.#log.info({ missed: this.#missed }, 'audit file takes records again')
      this.#failing = false
    } catch (thrown) {
      this.#missed += records.length
      // One line until it works again: a full disk is not to be filled further.
      if (!this.#failing)
        this.#log.error({ err: thrown, missed: this.#missed }, 'audit file cannot be written')
      this.#failing = true
    }
  }
}

/** Who changed what is nothing for everybody on the machine. */
const OWNER_AND_GROUP = 0o640
