import type { AuditRecord } from '../ports/audit-sink.ts'

/** How much a record takes where it waits, bytes: of its text, as its objects are a small multiple of that. */
export function recordBytes(record: AuditRecord): number {
  return FIELDS_BYTES + record.subject.length + JSON.stringify(record.detail).length
}

/** What a queue for so many records may hold in all: most are far smaller, and one with alerts or with a tag before and after takes the room of several. */
export function queueBytes(queueMax: number): number {
  return Math.max(queueMax * RECORD_BYTES, LEAST_BYTES)
}

/** When, who, what, the trace, the link: alike in all records. */
const FIELDS_BYTES = 400
/** As audit.otlp.queueMax reckons. */
const RECORD_BYTES = 1500
/** The short queue of a command takes a few records of any size. */
const LEAST_BYTES = 1_000_000
