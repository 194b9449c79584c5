import { sql } from 'kysely'
import { cellBounds, nextCell, usedShare } from '../../core/cells.ts'
import type { SegmentGrant } from '../../core/grant.ts'
import { invariant } from '../../core/invariant.ts'
import { STEP_MAX } from '../../core/tag.ts'
import type { SegmentStore, SegmentUsage } from '../../ports/segment-store.ts'
import type { PostgresDatabase } from './database.ts'
import { OpenGrants } from './open-grants.ts'
import { RangeOpener, type SpaceColumns, spaceOf, tagGone } from './range-opener.ts'
import type { Session } from './session.ts'

export interface SegmentStoreOptions {
  /** Who was given the numbers, for the allocation log: host name and process id. */
  readonly instance: string
}

/** What an allocation reads under its lock. */
interface LockedRow extends SpaceColumns {
  readonly cell: number
  readonly next_value: number
  readonly cell_hi: number
}

/**
 * Segment grants out of PostgreSQL (design.md section 2).
 *
 *     segments row of (tag, dc):   cell_lo ──── granted ────┬── free ────┐
 *                                                       next_value    cell_hi     then the next cell of this dc
 *
 * An allocation locks that row FOR UPDATE and the tag FOR KEY SHARE; deleteTag locks the tag FOR UPDATE and only
 * reads segments rows. Nobody holds one of them while he waits for the other the other way round, so they cannot
 * deadlock, and after the deletion committed no allocation can.
 */
export class PostgresSegmentStore implements SegmentStore {
  readonly #database: PostgresDatabase
  readonly #instance: string
  readonly #openGrants = new OpenGrants()
  readonly #ranges: RangeOpener

  constructor(database: PostgresDatabase, options: SegmentStoreOptions) {
    this.#database = database
    this.#instance = options.instance
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

  async allocate(tagId: number, dc: number, step: number): Promise<SegmentGrant> {
    invariant(
      Number.isInteger(step) && step >= 1 && step <= STEP_MAX,
      `step ${step} is out of 1..${STEP_MAX}`,
    )
    const grant = await this.#database.transaction('allocating a segment', async (session) => {
      let row = await this.#lock(session, tagId, dc)
      if (row === undefined) {
        await this.#ranges.openFirst(session, tagId, dc)
        row = await this.#lock(session, tagId, dc)
      }
      if (row === undefined) throw tagGone(tagId)
      return await this.#take(session, tagId, dc, step, row)
    })
    this.#openGrants.took(tagId, dc, grant)
    return grant
  }

  async giveBack(tagId: number, dc: number, unused: SegmentGrant): Promise<boolean> {
    if (!this.#openGrants.claimReturn(tagId, dc, unused)) return false
    return await this.#database.transaction('returning unused numbers', async (session) => {
      const row = await this.#lock(session, tagId, dc)
      if (row === undefined || row.next_value !== unused.hi) return false
      // The next cell of this data centre may begin where the last one ended; a cell is never opened backwards.
      if (unused.lo < cellBounds(spaceOf(row), row.cell).lo) return false
      const db = this.#database.kysely
      const moved = await session.write(
        db
          .updateTable('segments')
          .set({ next_value: unused.lo, updated_at: sql`clock_timestamp()` })
          .where('tag_id', '=', tagId)
          .where('dc', '=', dc)
          .where('next_value', '=', unused.hi)
          .where('cell', '=', row.cell),
      )
      return moved === 1
    })
  }

  async usage(dc: number): Promise<SegmentUsage[]> {
    const rows = await this.#database.read(
      'reading how much of the ranges is used',
      this.#database.kysely
        .selectFrom('segments as s')
        .innerJoin('biz_tags as t', 't.id', 's.tag_id')
        .select(['s.tag_id', 's.next_value'])
        .select(['t.start_at', 't.cell_size', 't.dc_count'])
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
    return session.first(
      this.#database.kysely
        .selectFrom('segments as s')
        .innerJoin('biz_tags as t', 't.id', 's.tag_id')
        .select(['s.cell', 's.next_value', 's.cell_hi', 't.start_at', 't.cell_size', 't.dc_count'])
        .where('s.tag_id', '=', tagId)
        .where('s.dc', '=', dc)
        .where('t.deleted_at', 'is', null)
        .forUpdate(['s'])
        .forKeyShare(['t']),
    )
  }

  async #take(
    session: Session,
    tagId: number,
    dc: number,
    step: number,
    row: LockedRow,
  ): Promise<SegmentGrant> {
    let { cell, next_value: lo, cell_hi: cellHi } = row
    if (lo === cellHi) {
      cell = nextCell(cell, row.dc_count)
      const opened = await this.#ranges.openCell(session, tagId, dc, spaceOf(row), cell)
      lo = opened.lo
      cellHi = opened.hi
    }
    const hi = Math.min(lo + step, cellHi)
    invariant(
      lo >= row.next_value && lo < hi && hi <= cellHi,
      'a grant lies above all others, inside its cell',
    )
    await this.#write(session, tagId, dc, row, { cell, lo, hi, cellHi })
    return { lo, hi }
  }

  /** Row and log in one statement; the log line comes from the row that was written, so there is none without it. */
  async #write(
    session: Session,
    tagId: number,
    dc: number,
    row: LockedRow,
    grant: { cell: number; lo: number; hi: number; cellHi: number },
  ): Promise<void> {
    const logged = await session.write(
      this.#database.kysely
        .with('moved', (db) =>
          db
            .updateTable('segments')
            .set({
              cell: grant.cell,
              next_value: grant.hi,
              cell_hi: grant.cellHi,
              updated_at: sql`clock_timestamp()`,
            })
            .where('tag_id', '=', tagId)
            .where('dc', '=', dc)
            .where('next_value', '=', row.next_value)
            .returning(['tag_id', 'dc', 'next_value']),
        )
        .insertInto('segment_allocations')
        .columns(['tag_id', 'dc', 'hi', 'lo', 'instance'])
        .expression((eb) =>
          eb
            .selectFrom('moved')
            .select((col) => [
              'moved.tag_id',
              'moved.dc',
              'moved.next_value',
              col.cast<number>(col.val(grant.lo), 'bigint').as('lo'),
              col.cast<string>(col.val(this.#instance), 'text').as('instance'),
            ]),
        ),
    )
    invariant(logged === 1, 'the locked row of a segment is the row that was written')
  }
}

/** Short transactions: each opens at most this many tags, three statements each, far inside the deadline. */
const TAGS_PER_ROUND = 100
