import type { AuditFilter } from '../ports/audit-query.ts'
import type { Clock } from '../ports/clock.ts'
import type { AuditTrail } from './audit-trail.ts'
import { Repeat } from './repeat.ts'

export interface AuditReadsOptions {
  readonly audit: Pick<AuditTrail, 'record'>
  readonly clock: Clock
}

interface Reads {
  readonly keyId: string
  readonly filter: AuditFilter | undefined
  pages: number
  records: number
}

/**
 * Writes down who read the audit log, and how much of it: once a minute for each key and filter, as an export is many pages and a
 * record each would fill the log that is read. In the main thread, which every page comes from, so an export of a protocol
 * thread is among them.
 */
export class AuditReads {
  readonly #options: AuditReadsOptions
  readonly #repeat: Repeat
  readonly #counts = new Map<string, Reads>()

  constructor(options: AuditReadsOptions) {
    this.#options = options
    this.#repeat = new Repeat(options.clock, MINUTE_MS, () => this.write())
  }

  /** A page of so many records was read. */
  note(keyId: string, filter: AuditFilter, records: number): void {
    const name = `${keyId} ${JSON.stringify(filter)}`
    const known = this.#counts.get(name)
    if (known !== undefined) this.#add(known, records)
    else if (this.#counts.size < COUNTS_MAX) this.#begin(name, keyId, filter, records)
    else this.#sum(records)
  }

  start(): void {
    this.#repeat.start()
  }

  /** Hands over what was counted. */
  async stop(): Promise<void> {
    await this.#repeat.stop()
    this.write()
  }

  write(): void {
    for (const { keyId, filter, pages, records } of this.#counts.values())
      this.#options.audit.record({
        actor: keyId,
        action: 'audit.read',
        subject: filter?.workspace ?? filter?.within ?? '',
        detail: { pages, records, ...(filter && { filter }) },
      })
    this.#counts.clear()
  }

  #sum(records: number): void {
    const sum = this.#counts.get(MANY)
    if (sum === undefined) this.#begin(MANY, MANY, undefined, records)
    else this.#add(sum, records)
  }

  // oxlint-disable-next-line max-params -- what a count has
  #begin(name: string, keyId: string, filter: AuditFilter | undefined, records: number): void {
    this.#counts.set(name, { keyId, filter, pages: 1, records })
  }

  #add(reads: Reads, records: number): void {
    reads.pages += 1
    reads.records += records
  }
}

const MINUTE_MS = 60_000
/** Pairs of key and filter told apart in a minute, of 3 KB at most each; the others are one sum. */
const COUNTS_MAX = 100
/** Stands for all keys and filters beyond these. */
const MANY = '*'
