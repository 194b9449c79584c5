import type { AuditRecord } from './audit-sink.ts'

/** What a record must be to be found; what is left out may be anything. */
export interface AuditFilter {
  readonly from?: Date
  /** Excluded. */
  readonly to?: Date
  readonly actor?: string
  readonly action?: string
  readonly subject?: string
  readonly workspace?: string
  readonly result?: string
  readonly traceId?: string
  /** w, w/g or w/g/t: records of that workspace and, where it names more, of that subject or below it. */
  readonly within?: string
}

/** A place in the order of time; `id` tells records of one moment apart. */
export interface AuditPosition {
  readonly at: Date
  readonly id: number
}

/** With its link, where it has one: `chain`, `seq`, `previousHash` and `hash`. */
export type FoundRecord = AuditRecord & AuditPosition & { readonly link?: object }

export type AuditOrder = 'newest' | 'oldest'

/** Reads the audit log. What is written meanwhile shifts no page: a page begins after a record, not at a number. */
export interface AuditQuery {
  /** At most `limit` records after a place, in the order asked for. @throws IDGEN_STORE_UNAVAILABLE */
  find(
    filter: AuditFilter,
    after: AuditPosition | undefined,
    order: AuditOrder,
    limit: number,
  ): Promise<readonly FoundRecord[]>
}
