import type { AuditFilter } from '../ports/audit-query.ts'
import type { AuditTrail } from './audit-trail.ts'
import type { MinuteCount } from './minute-counts.ts'

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
export class AuditReads implements MinuteCount {
  readonly #audit: Pick<AuditTrail, 'record'>
  readonly #counts = new Map<string, Reads>()
  /** Of them, by key and filter; the others are of a key. */
  #pairs = 0
  #sums = 0

  constructor(audit: Pick<AuditTrail, 'record'>) {
    this.#audit = audit
  }

  /** A page of so many records was read. */
  note(keyId: string, filter: AuditFilter, records: number): void {
    const name = `${keyId} ${JSON.stringify(filter)}`
    const known = this.#counts.get(name)
    if (known !== undefined) this.#add(known, records)
    else if (this.#pairs < COUNTS_MAX) {
      this.#pairs += 1
      this.#begin(name, keyId, filter, records)
    } else this.#sum(keyId, records)
  }

  write(): void {
    for (const { keyId, filter, pages, records } of this.#counts.values())
      this.#audit.record({
        actor: keyId,
        action: 'audit.read',
        subject: filter?.workspace ?? filter?.within ?? '',
        detail: { pages, records, ...(filter && { filter }) },
      })
    this.#counts.clear()
    this.#pairs = 0
    this.#sums = 0
  }

  /** Of one key, whatever it asked for: many filters must not hide whose they were. */
  #sum(keyId: string, records: number): void {
    const known = this.#counts.get(keyId)
    if (known !== undefined) return this.#add(known, records)
    const who = this.#sums < COUNTS_MAX ? keyId : MANY
    const all = this.#counts.get(who)
    if (all !== undefined) return this.#add(all, records)
    this.#sums += 1
    this.#begin(who, who, undefined, records)
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

/** Pairs of key and filter told apart in a minute, of 3 KB at most each; then so many keys. */
const COUNTS_MAX = 100
/** Stands for all keys beyond these. */
const MANY = '*'
