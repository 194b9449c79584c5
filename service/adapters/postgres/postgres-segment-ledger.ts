import { sql } from 'kysely'
import { usedShare } from '../../core/cells.ts'
import { invariant } from '../../core/invariant.ts'
import type { LedgerRow, LedgerWrite, SegmentLedger } from '../../ports/segment-ledger.ts'
import type { SegmentUsage } from '../../ports/segment-store.ts'
import type { PostgresDatabase } from './database.ts'
import { HISTORY } from './database-history.ts'
import { RangeOpener, type SpaceColumns, spaceOf, tagGone } from './range-opener.ts'
import type { Session } from './session.ts'
import { pastEtcd } from './time-authority.ts'

export interface SegmentLedgerOptions {
  /** Who was given the numbers, for the allocation log: host name and process id. */
  readonly instance: string
  /** Read the database's history with every row; only a witness needs it. */
  readonly history?: boolean
}

/** What is read under the lock. */
interface LockedRow extends SpaceColumns {
  readonly generation: string
  readonly config_revision: number
  readonly cell: number
  readonly next_value: number
  readonly cell_hi: number
  readonly ceiling: number
  readonly ceiling_history: string
  readonly history: string
  /** etcd grants in this data centre, and this process is configured without it. */
  readonly past_etcd: boolean
  readonly now_ms: number
}

/**
 * The records of segment grants in PostgreSQL (design.md section 2).
 *
 *     segments row of (tag, dc):   cell_lo ──── granted ────┬── free ────┐
 *                                                       next_value    cell_hi     then the next cell of this dc
 *
 * `withRow` locks that row FOR UPDATE and the tag FOR KEY SHARE; deleteTag locks the tag FOR UPDATE and only
 * reads segments rows. Nobody holds one of them while he waits for the other the other way round, so they cannot
 * deadlock, and after the deletion committed no allocation can.
 */
export class PostgresSegmentLedger implements SegmentLedger {
  readonly #database: PostgresDatabase
  readonly #options: SegmentLedgerOptions
  readonly #ranges: RangeOpener

  constructor(database: PostgresDatabase, options: SegmentLedgerOptions) {
    this.#database = database
    this.#options = options
    this.#ranges = new RangeOpener(database.kysely)
  }

  async initialise(tagId: number, dc: number): Promise<void> {
    await this.#database.transaction('opening the range of a tag', async (session) => {
      await this.#ranges.openFirst(session, tagId, dc)
    })
  }

  async initialiseAll(dc: number): Promise<number> {
    let opened = 0
    // Ends: every round begins above the ids of the one before, and ids are finite.
    for (let lastId: number | undefined = 0; lastId !== undefined; ) {
      const after: number = lastId
      const round = await this.#database.transaction('opening the ranges of a data centre', (session) =>
        this.#ranges.openMissing(session, dc, after, TAGS_PER_ROUND),
      )
      opened += round.opened
      lastId = round.lastId
    }
    return opened
  }

  async withRow<T>(
    doing: string,
    tagId: number,
    dc: number,
    work: (row: LedgerRow) => Promise<{ readonly write: LedgerWrite | undefined; readonly result: T }>,
  ): Promise<T> {
    return await this.#database.transaction(doing, async (session) => {
      let row = await this.#lock(session, tagId, dc)
      if (row === undefined) {
        await this.#ranges.openFirst(session, tagId, dc)
        row = await this.#lock(session, tagId, dc)
      }
      if (row === undefined) throw tagGone(tagId)
      if (row.past_etcd) throw pastEtcd(dc)
      const { write, result } = await work(ledgerRow(row))
      if (write !== undefined) await this.#write(session, tagId, dc, row, write)
      return result
    })
  }

  async usage(dc: number): Promise<SegmentUsage[]> {
    const rows = await this.#database.read(
      'reading how much of the ranges is used',
      this.#database.kysely
        .selectFrom('segments as s')
        .innerJoin('biz_tags as t', 't.id', 's.tag_id')
        .select(['s.tag_id', 's.next_value'])
        .select(['t.start_at', 't.cell_size', 't.dc_count', 't.format'])
        .where('s.dc', '=', dc)
        .where('t.deleted_at', 'is', null),
    )
    return rows.map((row) => ({
      tagId: row.tag_id,
      dc,
      usedShare: usedShare(spaceOf(row), dc, row.next_value),
    }))
  }

  #lock(session: Session, tagId: number, dc: number): Promise<LockedRow | undefined> {
    const alone = this.#options.history !== true
    return session.first(
      this.#database.kysely
        .selectFrom('segments as s')
        .innerJoin('biz_tags as t', 't.id', 's.tag_id')
        .select([
          's.cell',
          's.next_value',
          's.cell_hi',
          's.ceiling',
          's.ceiling_history',
          (alone ? NO_HISTORY : HISTORY).as('history'),
          (alone ? PAST_ETCD : sql<boolean>`false`).as('past_etcd'),
        ])
        .select(['t.start_at', 't.cell_size', 't.dc_count', 't.format', 't.generation', 't.config_revision'])
        .select(STORE_MS.as('now_ms'))
        .where('s.tag_id', '=', tagId)
        .where('s.dc', '=', dc)
        .where('t.deleted_at', 'is', null)
        .forUpdate(['s'])
        .forKeyShare(['t']),
    )
  }

  async #write(
    session: Session,
    tagId: number,
    dc: number,
    row: LockedRow,
    write: LedgerWrite,
  ): Promise<void> {
    const { cell, nextValue, ceiling, ceilingHistory } = write
    const cellHi =
      cell === row.cell
        ? row.cell_hi
        : (await this.#ranges.openCell(session, tagId, dc, spaceOf(row), cell)).hi
    const moved = this.#database.kysely
      .updateTable('segments')
      .set({ cell, cell_hi: cellHi, next_value: nextValue, ceiling, ceiling_history: ceilingHistory })
      .set({ updated_at: sql`clock_timestamp()` })
      .where('tag_id', '=', tagId)
      .where('dc', '=', dc)
      .where('next_value', '=', row.next_value)
      .where('cell', '=', row.cell)
    const written =
      write.grant === undefined
        ? await session.write(moved)
        : await session.write(
            // Row and log in one statement; the log line comes from the row that was written, so there is none
            // without it.
            this.#database.kysely
              .with('moved', () => moved.returning(['tag_id', 'dc', 'next_value']))
              .insertInto('segment_allocations')
              .columns(['tag_id', 'dc', 'hi', 'lo', 'instance'])
              .expression((eb) =>
                eb
                  .selectFrom('moved')
                  .select((col) => [
                    'moved.tag_id',
                    'moved.dc',
                    'moved.next_value',
                    col.cast<number>(col.val(write.grant?.lo ?? 0), 'bigint').as('lo'),
                    col.cast<string>(col.val(this.#options.instance), 'text').as('instance'),
                  ]),
              ),
          )
    invariant(written === 1, 'the locked row of a segment is the row that was written')
  }
}

function ledgerRow(row: LockedRow): LedgerRow {
  return {
    space: spaceOf(row),
    generation: row.generation,
    published: row.config_revision > 0,
    cell: row.cell,
    nextValue: row.next_value,
    ceiling: row.ceiling,
    ceilingHistory: row.ceiling_history,
    history: row.history,
    nowMs: row.now_ms,
  }
}

/** Whole milliseconds, as float8: of int8 pg makes text in some places. */
const STORE_MS = sql<number>`floor(extract(epoch FROM clock_timestamp()) * 1000)::float8`

const NO_HISTORY = sql<string>`''::text`

/**
 * A row that etcd never witnessed says nothing of it. What a process without etcd granted from there would be lost with
 * the database's last commits, and be granted again by those who ask etcd.
 */
const PAST_ETCD = sql<boolean>`EXISTS
  (SELECT FROM time_authority AS a WHERE a.dc = s.dc AND a.store <> 'postgres')`

/**
 * Short transactions of three statements, each some tens of milliseconds; five parameters a row, of the 65,535 that the
 * protocol allows a statement. What a crash leaves unopened the next start opens.
 */
const TAGS_PER_ROUND = 1000
