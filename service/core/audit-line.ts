import type { AuditRecord } from './audit-text.ts'

/** A record as one line of an export (NDJSON), with its place in the chain where it has one. */
export function auditLine({
  link,
  workspace,
  traceId,
  ...record
}: AuditRecord & { readonly link?: object | undefined }): string {
  const line = { ...record, workspace: workspace ?? null, traceId: traceId ?? null, ...link }
  return `${JSON.stringify(line)}\n`
}
