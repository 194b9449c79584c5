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

/** Where a record stands in the chain of hashes of the process that wrote it (app/audit-chain.ts). */
export interface AuditLink {
  readonly chain: string
  /** From 1, without a gap. */
  readonly seq: number
  /** Hex, of the record before it in its chain. */
  readonly previousHash: string
  readonly hash: string
}

/** `link`: left out by tests, and missing in records from before there were chains. */
export type ChainedRecord = AuditRecord & { readonly link?: AuditLink }

/**
 * Durable once `write` resolved. Order within a call is kept; a call is all or nothing. A record whose link was
 * written before is not written again, so that a call of unknown outcome can be repeated.
 */
export interface AuditSink {
  /** @throws IDGEN_STORE_UNAVAILABLE nothing was written, or it is unknown; the caller decides whether to retry */
  write(records: readonly ChainedRecord[]): Promise<void>
}
