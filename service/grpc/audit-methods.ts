import { momentFault, textFault } from '../app/audit-filter.ts'
import { positionOf, positionText, readableBy } from '../app/read-audit.ts'
import type { UseCases } from '../app/use-cases.ts'
import { IdgenError } from '../core/errors.ts'
import type { AuditFilter, FoundRecord } from '../ports/audit-query.ts'
import type { UnaryMethod } from './call.ts'
import {
  type AuditRecord,
  AuditServiceDefinition,
  type ListAuditRecordsRequest,
  type ListAuditRecordsResponse,
} from './generated/idgen/v1/audit_service.ts'
import { unaryMethods } from './method-table.ts'
import { pageRequest, pageToken } from './page-token.ts'
import { unary } from './unary.ts'

/** Reads the audit log. What streams it (audit-export.ts) asks this for page after page. */
export function auditMethods(useCases: UseCases): UnaryMethod[] {
  const { fullName, methods } = AuditServiceDefinition
  return unaryMethods(
    { fullName, methods: { listAuditRecords: methods.listAuditRecords } },
    {
      listAuditRecords: unary<ListAuditRecordsRequest, ListAuditRecordsResponse>(
        useCases,
        undefined,
        async (request, _actor, caller) => {
          const filter = readableBy(caller, filterOf(request.filter))
          const order = request.oldestFirst ? 'oldest' : 'newest'
          // The two ways through the log have cursors of their own.
          const collection = `audit ${order}`
          const { after, limit } = pageRequest(collection, request)
          // One more than asked for tells whether there is another page.
          const found = await useCases.audit
            .readBy(caller.keyId)
            .find(filter, positionOf(after), order, limit + 1)
          const page = found.slice(0, limit)
          const last = page.at(-1)
          const next = found.length > limit && last !== undefined ? positionText(last) : undefined
          return { records: page.map(recordMessage), nextPageToken: pageToken(collection, next) }
        },
      ),
    },
  )
}

const TEXT_FILTERS = ['actor', 'action', 'subject', 'workspace', 'result', 'traceId'] as const

/** @throws IDGEN_REQUEST_INVALID */
function filterOf(message: ListAuditRecordsRequest['filter']): AuditFilter {
  const filter: Record<string, string | Date> = {}
  for (const name of TEXT_FILTERS) {
    const text = message?.[name] ?? ''
    if (text !== '') filter[name] = checkedText(name, text)
  }
  for (const name of ['from', 'to'] as const) {
    const moment = message?.[name]
    if (moment !== undefined) filter[name] = checkedMoment(name, moment)
  }
  return filter
}

function checkedText(name: string, text: string): string {
  const fault = textFault(text)
  return fault === undefined ? text : refuse(name, fault)
}

function checkedMoment(name: string, moment: Date): Date {
  const fault = momentFault(moment)
  return fault === undefined ? moment : refuse(name, fault)
}

function refuse(name: string, message: string): never {
  throw new IdgenError('IDGEN_REQUEST_INVALID', `filter.${name} ${message}.`, {
    faults: [{ path: `/filter/${name}`, message }],
  })
}

function recordMessage(record: FoundRecord): AuditRecord {
  const { id, at, actor, action, subject, workspace = '', result, traceId = '', detail, link } = record
  const detailJson = JSON.stringify(detail)
  const linkJson = link === undefined ? '' : JSON.stringify(link)
  return { id: String(id), at, actor, action, subject, workspace, result, traceId, detailJson, linkJson }
}
