import type { Insertable } from 'kysely'
import type { AuditRecord, AuditSink } from '../../ports/audit-sink.ts'
import type { PostgresDatabase } from './database.ts'
import type { AuditLogTable } from './tables.ts'

/** The audit log as rows of one table, a partition per month (partitions.ts). */
export class PostgresAuditSink implements AuditSink {
  readonly #database: PostgresDatabase

  constructor(database: PostgresDatabase) {
    this.#database = database
  }

  async write(records: readonly AuditRecord[]): Promise<void> {
    if (records.length === 0) return
    await this.#database.transaction('writing the audit log', async (session) => {
      for (let from = 0; from < records.length; from += ROWS_MAX) {
        const rows = records.slice(from, from + ROWS_MAX).map(rowOf)
        await session.write(this.#database.kysely.insertInto('audit_log').values(rows))
      }
    })
  }
}

function rowOf(record: AuditRecord): Insertable<AuditLogTable> {
  return {
    at: record.at,
    actor: storable(record.actor),
    action: storable(record.action),
    subject: storable(record.subject),
    workspace: record.workspace === undefined ? null : storable(record.workspace),
    result: storable(record.result),
    trace_id: record.traceId === undefined ? null : storable(record.traceId),
    detail: JSON.stringify(record.detail, storableValue),
  }
}

/**
 * PostgreSQL's text and jsonb take neither NUL nor half a surrogate pair. A record that cannot be written would
 * come back with every retry of its batch and hold all later ones up, and callers can put such text into a name.
 */
function storable(text: string): string {
  return text.replaceAll('\0', '\ufffd').toWellFormed()
}

function storableValue(_key: string, value: unknown): unknown {
  if (typeof value === 'string') return storable(value)
  if (typeof value === 'bigint') return value.toString()
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [storable(key), inner]))
}

/** 9 parameters a row: far below the protocol's 65,535. */
const ROWS_MAX = 1000
