import { sql } from 'kysely'
import type {
  AuditFilter,
  AuditOrder,
  AuditPosition,
  AuditQuery,
  FoundRecord,
} from '../../ports/audit-query.ts'
import { auditRecordOf } from './audit-row.ts'
import type { PostgresDatabase } from './database.ts'

export class PostgresAuditQuery implements AuditQuery {
  readonly #database: PostgresDatabase

  constructor(database: PostgresDatabase) {
    this.#database = database
  }

  async find(
    filter: AuditFilter,
    after: AuditPosition | undefined,
    order: AuditOrder,
    limit: number,
  ): Promise<readonly FoundRecord[]> {
    const { from, to, within, traceId, ...equal } = filter
    const direction = order === 'oldest' ? 'asc' : 'desc'
    let query = this.#database.kysely.selectFrom('audit_log').selectAll()
    // Also where a place says it: months outside are then not looked at.
    const low = order === 'oldest' ? later(from, after?.at) : from
    if (low !== undefined) query = query.where('at', '>=', low)
    if (to !== undefined) query = query.where('at', '<', to)
    if (after !== undefined)
      query =
        order === 'oldest'
          ? query.where(sql<boolean>`(at, id) > (${after.at}, ${after.id})`)
          : query.where('at', '<=', after.at).where(sql<boolean>`(at, id) < (${after.at}, ${after.id})`)
    for (const column of ['actor', 'action', 'subject', 'workspace', 'result'] as const) {
      const value = equal[column]
      if (value !== undefined) query = query.where(column, '=', value)
    }
    if (traceId !== undefined) query = query.where('trace_id', '=', traceId)
    if (within !== undefined) {
      const [workspace] = within.split('/')
      query = query.where('workspace', '=', workspace ?? within)
      if (workspace !== within)
        query = query.where(sql<boolean>`(subject = ${within} OR starts_with(subject, ${`${within}/`}))`)
    }
    const page = query.orderBy('at', direction).orderBy('id', direction).limit(limit)
    const rows = await this.#database.transaction('reading the audit log', async (session) => {
      // The server reads on for who has hung up: a filter that nothing fits would then read the whole log each time.
      await session.rows(
        this.#database.kysely.selectNoFrom(
          sql`set_config('statement_timeout', ${READ_MAX_MS}::text, true)`.as('limit'),
        ),
      )
      return await session.rows(page)
    })
    return rows.map(auditRecordOf)
  }
}

function later(one: Date | undefined, other: Date | undefined): Date | undefined {
  if (one === undefined || other === undefined) return one ?? other
  return one > other ? one : other
}

/** Below the deadline of a read, so that the server is told to stop before its answer is given up. */
const READ_MAX_MS = 9000
