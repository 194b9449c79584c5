import type { ChainedRecord } from './audit-sink.ts'

/** A second place for the audit log, beside the database. */
export interface AuditCopy {
  /** Records that are missing there since the start. */
  readonly missed: number
  /** Never rejects: what could not be written is counted and logged. One call at a time, in order. */
  add(records: readonly ChainedRecord[]): Promise<void>
}

/** One elsewhere, over the network: `add` only puts records into a queue of its own, from which they are sent. */
export interface AuditExport extends AuditCopy {
  /** Records since the start, by what became of them. Missed are those dropped here and those refused there. */
  readonly counters: Readonly<Record<'exported' | 'dropped' | 'refused', number>>
  readonly waiting: number
  readonly queueMax: number
  /** Of what may wait, 0 to 1: of the records or of their memory, whichever is nearer its limit. */
  readonly used: number
}
