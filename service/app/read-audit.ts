import { IdgenError } from '../core/errors.ts'
import type { AuditFilter, AuditPosition } from '../ports/audit-query.ts'
import { authorize, type Caller } from './authenticator.ts'

/** The records that the caller may see of those that fit. @throws IDGEN_FORBIDDEN */
export function readableBy(caller: Caller, filter: AuditFilter): AuditFilter {
  authorize(caller, 'audit', filter.workspace ?? caller.within)
  return caller.within === '' ? filter : { ...filter, within: caller.within }
}

/** A place in the log as a text, for cursors. */
export function positionText({ at, id }: AuditPosition): string {
  return `${at.getTime()}/${id}`
}

/** @throws IDGEN_CURSOR_INVALID */
export function positionOf(text: string | undefined): AuditPosition | undefined {
  if (text === undefined) return undefined
  const [, atMs, id] = /^(\d{1,15})\/(\d{1,16})$/.exec(text) ?? []
  if (atMs === undefined || id === undefined)
    throw new IdgenError('IDGEN_CURSOR_INVALID', `${JSON.stringify(text)} names no place in the audit log.`)
  return { at: new Date(Number(atMs)), id: Number(id) }
}
