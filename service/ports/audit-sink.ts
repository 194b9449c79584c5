/** One thing that happened and that somebody may have to account for. */
export interface AuditRecord {
  readonly at: Date
  /** Key id, `system`, or `cli`. */
  readonly actor: string
  /** e.g. tag.create, key.revoke, algorithm.degrade, algorithm.recover, capacity.alert, generate.count */
  readonly action: string
  /** What it was done to: `w/g/t`, a key id, … */
  readonly subject: string
  readonly workspace: string | undefined
  /** `ok` or an error code. */
  readonly result: string
  readonly traceId: string | undefined
  /** Typed JSON: before and after, counts, reasons. Holds no secret. */
  readonly detail: Readonly<Record<string, unknown>>
}

/** Durable once `write` resolved. Order within a call is kept; a call is all or nothing. */
export interface AuditSink {
  /** @throws IDGEN_STORE_UNAVAILABLE nothing was written, or it is unknown; the caller decides whether to retry */
  write(records: readonly AuditRecord[]): Promise<void>
}
