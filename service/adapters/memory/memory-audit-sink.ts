import type { AuditSink, ChainedRecord } from '../../ports/audit-sink.ts'

/** Keeps what was written, for tests to look at; bounded, the oldest go first. */
export class MemoryAuditSink implements AuditSink {
  readonly #records: ChainedRecord[] = []
  readonly #links = new Set<string>()

  get records(): readonly ChainedRecord[] {
    return this.#records
  }

  async write(records: readonly ChainedRecord[]): Promise<void> {
    for (const record of records) {
      const { link } = record
      const place = link && `${link.chain} ${link.seq}`
      if (place !== undefined && this.#links.has(place)) continue
      if (place !== undefined) this.#links.add(place)
      this.#records.push(record)
    }
    this.#records.splice(0, Math.max(0, this.#records.length - RECORDS_MAX))
  }
}

/** More than any test writes, so that a simulation of hours does not fill the memory. */
const RECORDS_MAX = 100_000
