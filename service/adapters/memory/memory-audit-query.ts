import type {
  AuditFilter,
  AuditOrder,
  AuditPosition,
  AuditQuery,
  FoundRecord,
} from '../../ports/audit-query.ts'
import type { AuditRecord } from '../../ports/audit-sink.ts'

/** Over records in the order in which they were written; the place there is their id. */
export class MemoryAuditQuery implements AuditQuery {
  readonly #records: () => readonly AuditRecord[]

  constructor(records: () => readonly AuditRecord[]) {
    this.#records = records
  }

  async find(
    filter: AuditFilter,
    after: AuditPosition | undefined,
    order: AuditOrder,
    limit: number,
  ): Promise<readonly FoundRecord[]> {
    const sign = order === 'oldest' ? 1 : -1
    return this.#records()
      .map((record, id): FoundRecord => ({ ...record, id }))
      .filter((record) => matches(record, filter))
      .filter((record) => after === undefined || sign * compare(record, after) > 0)
      .toSorted((one, other) => sign * compare(one, other))
      .slice(0, limit)
  }
}

function compare(one: AuditPosition, other: AuditPosition): number {
  return one.at.getTime() - other.at.getTime() || one.id - other.id
}

function matches(record: AuditRecord, { from, to, within, ...equal }: AuditFilter): boolean {
  if (from !== undefined && record.at < from) return false
  if (to !== undefined && record.at >= to) return false
  if (within !== undefined && !liesWithin(record, within)) return false
  const fields: Readonly<Record<string, unknown>> = { ...record }
  return Object.entries(equal).every(([name, value]) => value === undefined || fields[name] === value)
}

function liesWithin({ workspace, subject }: AuditRecord, within: string): boolean {
  const [first] = within.split('/')
  return workspace === first && (within === first || subject === within || subject.startsWith(`${within}/`))
}
