import type { AuditRecord, AuditSink } from '../../ports/audit-sink.ts'

/** Keeps what was written, for tests to look at; bounded, the oldest go first. */
export class MemoryAuditSink implements AuditSink {
  readonly #records: AuditRecord[] = []

  get records(): readonly AuditRecord[] {
    return this.#records
  }

  async write(records: readonly AuditRecord[]): Promise<void> {
    this.#records.push(...records)
    this.#records.splice(0, Math.max(0, this.#records.length - RECORDS_MAX))
  }
}

/** More than any test writes, so that a simulation of hours does not fill the memory. */
const RECORDS_MAX = 100_000
