import { IdgenError } from '../core/errors.ts'
import type { AuditFilter } from '../ports/audit-query.ts'
import type { Caller } from './authenticator.ts'
import { readableBy } from './read-audit.ts'

/** What a person may ask the audit log for, as text; times as ISO 8601. */
export const AUDIT_FILTERS = [
  'from',
  'to',
  'actor',
  'action',
  'subject',
  'workspace',
  'result',
  'traceId',
] as const

export type GivenAuditFilter = Readonly<Partial<Record<(typeof AUDIT_FILTERS)[number], string>>>

/**
 * The filter of somebody who may read the log; a key that is limited to a part of the catalogue sees that part alone.
 * @throws IDGEN_FORBIDDEN, IDGEN_REQUEST_INVALID
 */
export function auditFilter(caller: Caller, given: GivenAuditFilter): AuditFilter {
  const filter: Record<string, string | Date> = {}
  for (const name of AUDIT_FILTERS) {
    const value = given[name]
    if (value !== undefined) filter[name] = name === 'from' || name === 'to' ? momentOf(name, value) : value
  }
  return readableBy(caller, filter)
}

/** A leap second has the form of a time, and no Date can hold it. */
function momentOf(name: string, text: string): Date {
  const moment = new Date(text)
  if (!Number.isNaN(moment.getTime())) return moment
  const message = `must be a time such as 2027-01-31T00:00:00Z, not ${JSON.stringify(text.slice(0, 40))}`
  throw new IdgenError('IDGEN_REQUEST_INVALID', `/${name} ${message}`, {
    faults: [{ path: `/${name}`, message }],
  })
}
