import type { Retention } from '../ports/retention.ts'
import type { AuditTrail } from './audit-trail.ts'

/**
 * What the audit log once had must not go without a word in it: the names of the months say until when. The word comes
 * first, as a process may be killed in between; a month may then be named twice, or go a round later.
 */
export function recordExpired(
  retention: Retention | undefined,
  audit: Pick<AuditTrail, 'recordAtOnce'>,
  retentionMonths: number,
): void {
  retention?.follow((months) =>
    audit.recordAtOnce({ action: 'audit.expire', subject: 'retention', detail: { months, retentionMonths } }),
  )
}
