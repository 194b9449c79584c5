import type { Retention } from '../ports/retention.ts'
import type { AuditTrail } from './audit-trail.ts'

/** What the audit log once had must not go without a word in it: the names of the months say until when. */
export function recordExpired(
  retention: Retention | undefined,
  audit: Pick<AuditTrail, 'record'>,
  retentionMonths: number,
): void {
  retention?.follow((months) =>
    audit.record({ action: 'audit.expire', subject: 'retention', detail: { months, retentionMonths } }),
  )
}
