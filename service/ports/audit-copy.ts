import type { ChainedRecord } from './audit-sink.ts'

/** A second place for the audit log, beside the database. */
export interface AuditCopy {
  /** Records that are missing there since the start. */
  readonly missed: number
  /** Never rejects: what could not be written is counted and logged. One call at a time, in order. */
  add(records: readonly ChainedRecord[]): Promise<void>
}
