import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { auditFilter, type GivenAuditFilter } from '../app/audit-filter.ts'
import type { Caller } from '../app/authenticator.ts'
import { positionOf, positionText } from '../app/read-audit.ts'
import type { UseCases } from '../app/use-cases.ts'
import type { AuditFilter, AuditPosition, AuditQuery, FoundRecord } from '../ports/audit-query.ts'
import { AUDIT_RECORD_SCHEMA, EXPORT_AUDIT, EXPORT_LIMIT_MAX, LIST_AUDIT } from './audit-schemas.ts'
import { callerAgain, type Identifiers } from './caller-again.ts'
import { requestError } from './foreign-error.ts'
import { pageAnswer, pageRequest } from './page-cursor.ts'
import { problemOf } from './problem.ts'
import { callerOf } from './request-state.ts'

type Query = GivenAuditFilter & { readonly cursor?: string; readonly limit: number }

/**
 * Reads the audit log. A key that is limited to a part of the catalogue sees the records of that part. `exportMax`:
 * records of one export, whatever it asks for; its last line says where it goes on.
 */
export function auditRoutes(
  app: FastifyInstance,
  { audit }: Pick<UseCases, 'audit'>,
  identifiers: Identifiers,
  exportMax = EXPORT_LIMIT_MAX,
): void {
  app.addSchema(AUDIT_RECORD_SCHEMA)
  app.get<{ Querystring: Query }>('/v1/audit', { schema: LIST_AUDIT }, async (request) => {
    const caller = callerOf(request)
    const filter = filterOf(request, caller)
    const { after, limit } = pageRequest(COLLECTION, request.query)
    // One more than asked for tells whether there is another page.
    const found = await audit.readBy(caller.keyId).find(filter, positionOf(after), 'newest', limit + 1)
    const items = found.slice(0, limit)
    const last = items.at(-1)
    const next = found.length > limit && last !== undefined ? positionText(last) : undefined
    return pageAnswer(COLLECTION, { items, next }, recordView)
  })
  app.get<{ Querystring: Query }>('/v1/audit/export', { schema: EXPORT_AUDIT }, async (request, reply) => {
    const lines = new AuditLines(audit.readBy(callerOf(request).keyId), identifiers, request, exportMax)
    // Before the head is sent: what fails at once fails as a whole.
    const first = await lines.nextPage()
    reply.header('content-type', 'application/x-ndjson; charset=utf-8')
    return reply.send(Readable.from(lines.all(first), { objectMode: false }))
  })
}

/**
 * The lines of an export: the next page is read when the socket has room, and none once the client is gone or its key no longer
 * counts, which each page asks anew.
 */
class AuditLines {
  readonly #audit: AuditQuery
  readonly #identifiers: Identifiers
  readonly #request: FastifyRequest<{ Querystring: Query }>
  #left: number
  #after: AuditPosition | undefined

  constructor(
    audit: AuditQuery,
    identifiers: Identifiers,
    request: FastifyRequest<{ Querystring: Query }>,
    exportMax: number,
  ) {
    this.#audit = audit
    this.#identifiers = identifiers
    this.#request = request
    const { after, limit } = pageRequest(EXPORTED, request.query)
    this.#after = positionOf(after)
    this.#left = Math.min(limit, exportMax)
  }

  async nextPage(): Promise<readonly FoundRecord[]> {
    const wanted = Math.min(this.#left, EXPORT_PAGE)
    const page = await this.#audit.find(await this.#filter(), this.#after, 'oldest', wanted)
    this.#left = page.length < wanted ? 0 : this.#left - page.length
    this.#after = page.at(-1) ?? this.#after
    return page
  }

  async *all(first: readonly FoundRecord[]): AsyncGenerator<string, void> {
    try {
      let page = first
      let full = page.length > 0
      while (page.length > 0) {
        yield page.map((record) => `${JSON.stringify(recordView(record))}\n`).join('')
        full = this.#left === 0
        if (full) break
        page = await this.nextPage()
      }
      if (full) yield* this.#more()
    } catch (thrown) {
      const error = requestError(thrown)
      yield `${JSON.stringify({ error: problemOf(error, this.#request.trace?.traceId ?? '') })}\n`
    }
  }

  async #filter(): Promise<AuditFilter> {
    return filterOf(this.#request, await callerAgain(this.#request, this.#identifiers))
  }

  /** Where an export that its limit ended goes on. */
  async *#more(): AsyncGenerator<string, void> {
    const [record] = await this.#audit.find(await this.#filter(), this.#after, 'oldest', 1)
    if (record === undefined || this.#after === undefined) return
    const { nextCursor } = pageAnswer(EXPORTED, { items: [], next: positionText(this.#after) }, recordView)
    yield `${JSON.stringify({ nextCursor })}\n`
  }
}

function filterOf({ query }: FastifyRequest<{ Querystring: Query }>, caller: Caller): AuditFilter {
  return auditFilter(caller, query)
}

function recordView({ id, workspace, traceId, link, ...record }: FoundRecord): object {
  return { id, ...record, workspace: workspace ?? null, traceId: traceId ?? null, link: link ?? null }
}

/** Of cursors: those of an export go the other way. */
const COLLECTION = 'audit'
const EXPORTED = 'audit-export'
/** Half a megabyte or so held for each reader. */
const EXPORT_PAGE = 1000
