import type { AuditRecord, ChainPlace } from '../core/audit-text.ts'

export type LinedRecord = AuditRecord & {
  readonly link: ChainPlace & { readonly hash: string }
  /** Nothing more, nothing twice, nothing in another form: what the hash does not cover. */
  readonly isAsWritten: boolean
}

/** The record of a line of audit.file or of an export (core/audit-line.ts), without its end. `cut`: not even JSON, as the half of one; `other`: JSON, and no chained record. */
export function recordOfLine(line: string): LinedRecord | 'cut' | 'other' {
  const said = parsed(line)
  if (said === undefined) return 'cut'
  const texts = [said['actor'], said['action'], said['subject'], said['result']]
  const link = [said['chain'], said['previousHash'], said['hash']]
  const { at: moment, workspace, traceId, detail, seq } = said
  if (![...texts, ...link].every(isText) || !isSeq(seq) || !isText(moment)) return 'other'
  if (!isTextOrNull(workspace) || !isTextOrNull(traceId) || !isObject(detail)) return 'other'
  const at = new Date(moment)
  if (Number.isNaN(at.getTime())) return 'other'
  const [actor = '', action = '', subject = '', result = ''] = texts.map(String)
  const [chain = '', previousHash = '', hash = ''] = link.map(String)
  return {
    at,
    actor,
    action,
    subject,
    result,
    detail,
    workspace: workspace ?? undefined,
    traceId: traceId ?? undefined,
    link: { chain, seq, previousHash, hash },
    isAsWritten:
      Object.keys(said).every((name) => FIELDS.has(name)) &&
      JSON.stringify(said) === line &&
      at.toISOString() === moment,
  }
}

/** An export has the number of the row as well. */
const FIELDS: ReadonlySet<string> = new Set([
  'id',
  'at',
  'actor',
  'action',
  'subject',
  'workspace',
  'result',
  'traceId',
  'detail',
  'chain',
  'seq',
  'previousHash',
  'hash',
])

function parsed(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const said: unknown = JSON.parse(line)
    return isObject(said) ? said : {}
  } catch {
    return undefined
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}

function isTextOrNull(value: unknown): value is string | null {
  return value === null || isText(value)
}

function isSeq(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 1
}
