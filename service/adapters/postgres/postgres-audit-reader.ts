import { sql } from 'kysely'
import type { AuditChainHead, AuditPlace, AuditReader } from '../../ports/audit-reader.ts'
import type { ChainedRecord } from '../../ports/audit-sink.ts'
import { auditRecordOf } from './audit-row.ts'
import type { PostgresDatabase } from './database.ts'

export class PostgresAuditReader implements AuditReader {
  readonly #database: PostgresDatabase

  constructor(database: PostgresDatabase) {
    this.#database = database
  }

  async nextChain(after: string): Promise<string | undefined> {
    const [row] = await this.#database.read(
      'looking for audit chains',
      this.#database.kysely.selectNoFrom(
        // One step of the index each; a DISTINCT over the table would read every row of a year.
        sql<string | null>`least(
          (SELECT chain FROM audit_chains WHERE chain > ${after} ORDER BY chain LIMIT 1),
          (SELECT chain FROM audit_log WHERE chain > ${after} ORDER BY chain LIMIT 1))`.as('chain'),
      ),
    )
    return row?.chain ?? undefined
  }

  async head(chain: string): Promise<AuditChainHead | undefined> {
    const query = this.#database.kysely.selectFrom('audit_chains').selectAll().where('chain', '=', chain)
    const [row] = await this.#database.read('reading the end of an audit chain', query)
    if (row === undefined) return undefined
    return {
      seq: row.seq,
      hash: row.hash,
      cutSeq: row.cut_seq,
      cutHash: row.cut_hash ?? undefined,
      cutSeal: row.cut_seal ?? undefined,
    }
  }

  async placeBefore(chain: string, moment: Date): Promise<AuditPlace | undefined> {
    const [row] = await this.#database.read(
      'looking for the begin of a check',
      this.#database.kysely
        .selectFrom('audit_log')
        .select(['seq', 'hash'])
        .where('chain', '=', chain)
        .where('at', '<', moment)
        .orderBy('seq', 'desc')
        .limit(1),
    )
    return row === undefined || row.seq === null || row.hash === null
      ? undefined
      : { seq: row.seq, hash: row.hash }
  }

  async chainRecords(chain: string, afterSeq: number, limit: number): Promise<readonly ChainedRecord[]> {
    const rows = await this.#database.read(
      'reading an audit chain',
      this.#database.kysely
        .selectFrom('audit_log')
        .selectAll()
        .where('chain', '=', chain)
        .where('seq', '>', afterSeq)
        .orderBy('seq')
        .orderBy('at')
        .limit(limit),
    )
    return rows.map(auditRecordOf)
  }

  async unchained(since: Date): Promise<{ records: number; last: Date | undefined }> {
    const [row] = await this.#database.read(
      'counting audit records without a chain',
      this.#database.kysely
        .selectFrom('audit_log')
        .select([sql<number>`count(*)`.as('records'), sql<Date | null>`max(at)`.as('last')])
        // Rows that lack any part of their link cannot be reached by a chain.
        .where((eb) =>
          eb.or([
            eb('chain', 'is', null),
            eb('chain', '=', ''),
            eb('seq', 'is', null),
            eb('hash', 'is', null),
            eb('previous_hash', 'is', null),
          ]),
        )
        .where('at', '>=', since),
      SCAN_DEADLINE_MS,
    )
    return { records: row?.records ?? 0, last: row?.last ?? undefined }
  }

  async chainedSince(): Promise<Date> {
    const [row] = await this.#database.read(
      'reading when chains began',
      this.#database.kysely
        .withTables<{ idgen_migrations: { name: string; timestamp: string } }>()
        .selectFrom('idgen_migrations')
        .select('timestamp')
        .where('name', '=', '0010_audit-chains'),
    )
    return new Date(row?.timestamp ?? 0)
  }
}

/** The one statement that reads every row: a year of a busy installation has hundreds of millions. */
const SCAN_DEADLINE_MS = 3_600_000
