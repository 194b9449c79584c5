import type { AuditRecord, ChainPlace } from '../core/audit-text.ts'

export type { AuditRecord }

export interface AuditLink extends ChainPlace {
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
