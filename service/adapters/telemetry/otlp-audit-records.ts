import { auditLine } from '../../core/audit-line.ts'
import type { ChainedRecord } from '../../ports/audit-sink.ts'
import { attributesOf, nanoseconds, type ReportingService, resourceOf, scopeOf } from './otlp-values.ts'

/**
 * A record as a LogRecord of OTLP 1.x in its JSON form. The body is the line that audit.file would have, so that the chain can
 * be checked from what was received; attributes are what one looks for. `idgen.audit.chain` and `idgen.audit.seq` together
 * are of one record alone: one that came twice is known by them.
 */
export function otlpAuditRecord(record: ChainedRecord): string {
  const { at, actor, action, subject, workspace, result, traceId, link } = record
  const time = nanoseconds(at.getTime())
  const severity = WARNING.test(action) || result !== 'ok' ? WARN : INFO
  return JSON.stringify({
    timeUnixNano: time,
    observedTimeUnixNano: time,
    ...severity,
    eventName: `idgen.audit.${action}`,
    body: { stringValue: auditLine(record).trimEnd() },
    attributes: attributesOf({
      'idgen.audit.actor': actor,
      'idgen.audit.action': action,
      'idgen.audit.subject': subject,
      ...(workspace !== undefined && { 'idgen.audit.workspace': workspace }),
      'idgen.audit.result': result,
      ...(link && {
        'idgen.audit.chain': link.chain,
        'idgen.audit.seq': link.seq,
        'idgen.audit.hash': link.hash,
      }),
    }),
    // One that is none would have the whole batch refused. A record knows the trace of its request, not the span.
    ...(traceId !== undefined && TRACE_ID.test(traceId) && { traceId }),
  })
}

/** ExportLogsServiceRequest of records in that form. */
export function otlpAuditBody(records: readonly string[], service: ReportingService): string {
  // What is text already is not read again to be written once more.
  const scope = JSON.stringify(scopeOf(service))
  const resource = JSON.stringify(resourceOf(service))
  return `{"resourceLogs":[{"resource":${resource},"scopeLogs":[{"scope":${scope},"logRecords":[${records.join(',')}]}]}]}`
}

/** What threatens the promise or was refused. Of those with another result than ok that is seen by it. */
const WARNING =
  /^(?:algorithm\.degrade|alert\.firing|audit\.drop|capacity\.alert|(?:key|settings)\.refuse|store\.\w+|time\.copy-behind|worker\.(?:lost|unavailable|refused)|(?:range\.|dc\.claim-)conflict)$/
const INFO = { severityNumber: 9, severityText: 'INFO' } as const
const WARN = { severityNumber: 13, severityText: 'WARN' } as const
const TRACE_ID = /^(?!0{32})[0-9a-f]{32}$/
