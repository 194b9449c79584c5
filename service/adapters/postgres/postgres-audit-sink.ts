import { type Insertable, sql } from 'kysely'
import { storableRecord } from '../../core/audit-text.ts'
import type { AuditSink, ChainedRecord } from '../../ports/audit-sink.ts'
import type { PostgresDatabase } from './database.ts'
import type { Session } from './session.ts'
import type { AuditChainsTable, AuditLogTable } from './tables.ts'

/** The audit log as rows of one table, a partition per month (partitions.ts), with the last link of each chain. */
export class PostgresAuditSink implements AuditSink {
  readonly #database: PostgresDatabase

  constructor(database: PostgresDatabase) {
    this.#database = database
  }

  async write(records: readonly ChainedRecord[]): Promise<void> {
    if (records.length === 0) return
    await this.#database.transaction('writing the audit log', async (session) => {
      for (let from = 0; from < records.length; from += ROWS_MAX) {
        const rows = records.slice(from, from + ROWS_MAX).map(rowOf)
        await session.write(
          this.#database.kysely
            .insertInto('audit_log')
            .values(rows)
            .onConflict((conflict) => conflict.doNothing()),
        )
      }
      await this.#noteHeads(session, records)
    })
  }

  /** Each process writes the row of its own chain: nobody waits for anybody else's. */
  async #noteHeads(session: Session, records: readonly ChainedRecord[]): Promise<void> {
    const heads = new Map<string, Insertable<AuditChainsTable>>()
    for (const { at, link } of records)
      if (link !== undefined) heads.set(link.chain, { chain: link.chain, seq: link.seq, hash: link.hash, at })
    if (heads.size === 0) return
    await session.write(
      this.#database.kysely
        .insertInto('audit_chains')
        .values([...heads.values()])
        .onConflict((conflict) =>
          conflict
            .column('chain')
            .doUpdateSet((eb) => ({
              seq: eb.ref('excluded.seq'),
              hash: eb.ref('excluded.hash'),
              at: eb.ref('excluded.at'),
            }))
            .where(sql<boolean>`audit_chains.seq < excluded.seq`),
        ),
    )
  }
}

/** A record with a link is storable already; its hash would not be that of a changed one. */
function rowOf(given: ChainedRecord): Insertable<AuditLogTable> {
  const record = given.link === undefined ? storableRecord(given) : given
  return {
    at: record.at,
    actor: record.actor,
    action: record.action,
    subject: record.subject,
    workspace: record.workspace ?? null,
    result: record.result,
    trace_id: record.traceId ?? null,
    detail: JSON.stringify(record.detail),
    chain: record.link?.chain ?? null,
    seq: record.link?.seq ?? null,
    previous_hash: record.link?.previousHash ?? null,
    hash: record.link?.hash ?? null,
  }
}

/** 12 parameters a row: far below the protocol's 65,535. */
const ROWS_MAX = 1000
