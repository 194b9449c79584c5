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
    if (value !== undefined)
      filter[name] = name === 'from' || name === 'to' ? momentOf(name, value) : textOf(name, value)
  }
  return readableBy(caller, filter)
}

/** What is wrong with a time to look from or to, or undefined. PostgreSQL knows fewer years than a Date. */
export function momentFault(moment: Date): string | undefined {
  const ms = moment.getTime()
  return ms >= 0 && ms <= MOMENT_MAX_MS ? undefined : 'must be a time from 1970 to 9999'
}

/** The same of a text to look for. */
export function textFault(text: string): string | undefined {
  // PostgreSQL takes no NUL, and no record has other control characters.
  return text.length <= TEXT_MAX && !/\p{Cc}/u.test(text)
    ? undefined
    : `must be at most ${TEXT_MAX} characters without control characters`
}

/** A leap second has the form of a time, and no Date can hold it. */
function momentOf(name: string, text: string): Date {
  const moment = new Date(text)
  const fault = momentFault(moment)
  if (fault === undefined) return moment
  return refuse(name, `${fault}, such as 2027-01-31T00:00:00Z, not ${JSON.stringify(text.slice(0, 40))}`)
}

function textOf(name: string, text: string): string {
  const fault = textFault(text)
  return fault === undefined ? text : refuse(name, fault)
}

function refuse(name: string, message: string): never {
  throw new IdgenError('IDGEN_REQUEST_INVALID', `/${name} ${message}`, {
    faults: [{ path: `/${name}`, message }],
  })
}

const TEXT_MAX = 300
/** The last millisecond of the year 9999. */
const MOMENT_MAX_MS = 253_402_300_799_999
