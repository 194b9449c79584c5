import type { Selectable } from 'kysely'
import type { ChainedRecord } from '../../ports/audit-sink.ts'
import type { AuditLogTable } from './tables.ts'

/** A row as a record; with its link only where no part of it is missing. */
export function auditRecordOf(row: Selectable<AuditLogTable>): ChainedRecord & { readonly id: number } {
  const { chain, seq, previous_hash: previousHash, hash } = row
  const linked = chain !== null && seq !== null && previousHash !== null && hash !== null
  return {
    id: row.id,
    at: row.at,
    actor: row.actor,
    action: row.action,
    subject: row.subject,
    workspace: row.workspace ?? undefined,
    result: row.result,
    traceId: row.trace_id ?? undefined,
    detail: row.detail,
    ...(linked && { link: { chain, seq, previousHash, hash } }),
  }
}
