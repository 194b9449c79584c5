import type { Kysely } from 'kysely'
import { cellBounds, cellExists, firstCell } from '../../core/cells.ts'
import { IdgenError } from '../../core/errors.ts'
import { canonicalFormat, type IdFormat } from '../../core/id-format.ts'
import { invariant } from '../../core/invariant.ts'
import type { NumberSpace } from '../../core/tag.ts'
import type { Session } from './session.ts'
import type { Tables } from './tables.ts'

export interface SpaceColumns {
  readonly start_at: number
  readonly cell_size: number
  readonly dc_count: number
  readonly format: IdFormat | null
}

/** Opens cells of number spaces: writes the `ranges` row, and the `segments` row with the first one. */
export class RangeOpener {
  readonly #db: Kysely<Tables>

  constructor(db: Kysely<Tables>) {
    this.#db = db
  }

  /**
   * Makes the row of (tag, dc) on its first cell; a concurrent call waits at the insert and then does nothing.
   * @throws IDGEN_TAG_NOT_FOUND, IDGEN_RANGE_EXHAUSTED
   */
  async openFirst(session: Session, tagId: number, dc: number): Promise<void> {
    const tag = await session.first(this.#liveTags().where('id', '=', tagId).forKeyShare())
    if (tag === undefined) throw tagGone(tagId)
    if (dc >= tag.dc_count) throw noCell(tagId, dc)
    await this.#insertFirsts(session, [tag], dc)
  }

  /**
   * The same for up to `limit` tags with an id above `afterId` that have no row in `dc`, in the order of their ids:
   * processes that do this at the same time wait for each other in one direction only.
   */
  async openMissing(
    session: Session,
    dc: number,
    afterId: number,
    limit: number,
  ): Promise<{ opened: number; lastId: number | undefined }> {
    const missing = await session.rows(
      this.#liveTags()
        .where('id', '>', afterId)
        .where('dc_count', '>', dc)
        .where((eb) =>
          eb.not(
            eb.exists(
              eb
                .selectFrom('segments')
                .select('segments.dc')
                .whereRef('segments.tag_id', '=', 'biz_tags.id')
                .where('segments.dc', '=', dc),
            ),
          ),
        )
        .orderBy('id')
        .limit(limit)
        .forKeyShare(),
    )
    const opened = missing.length === 0 ? 0 : await this.#insertFirsts(session, missing, dc)
    return { opened, lastId: missing.at(-1)?.id }
  }

  /** The exclusion constraint of `ranges` refuses a cell that overlaps another; that would be our own fault. */
  async openCell(session: Session, tagId: number, dc: number, space: NumberSpace, cell: number) {
    if (!cellExists(space, cell)) throw noCell(tagId, dc)
    const { lo, hi } = cellBounds(space, cell)
    await session.write(this.#db.insertInto('ranges').values({ tag_id: tagId, dc, cell, lo, hi }))
    return { lo, hi }
  }

  /**
   * Rows and first cells of all `tags` in two statements: one by one, 100,000 tags took two minutes. Only who made the
   * row of a tag opens its cell; a row that another process made meanwhile is left as it is.
   * @returns how many rows were made
   */
  async #insertFirsts(
    session: Session,
    tags: readonly (SpaceColumns & { id: number })[],
    dc: number,
  ): Promise<number> {
    const cells = new Map(tags.map((tag) => [tag.id, firstCellOf(tag, dc)]))
    const made = await session.rows(
      this.#db
        .insertInto('segments')
        .values(
          [...cells].map(([tag_id, { cell, lo, hi }]) => ({ tag_id, dc, cell, next_value: lo, cell_hi: hi })),
        )
        .onConflict((conflict) => conflict.columns(['tag_id', 'dc']).doNothing())
        .returning('tag_id'),
    )
    const opened = made.flatMap(({ tag_id }) => {
      const first = cells.get(tag_id)
      return first === undefined ? [] : [{ tag_id, dc, ...first }]
    })
    invariant(opened.length === made.length, 'a row is made only for a tag that was asked for')
    if (opened.length > 0) await session.write(this.#db.insertInto('ranges').values(opened))
    return opened.length
  }

  #liveTags() {
    return this.#db
      .selectFrom('biz_tags')
      .select(['id', 'start_at', 'cell_size', 'dc_count', 'format'])
      .where('deleted_at', 'is', null)
  }
}

export function spaceOf(row: SpaceColumns): NumberSpace {
  const { start_at: startAt, cell_size: cellSize, dc_count: dcCount, format } = row
  // PostgreSQL keeps the fields of jsonb in an order of its own.
  return { startAt, cellSize, dcCount, ...(format === null ? {} : { format: canonicalFormat(format) }) }
}

function firstCellOf(tag: SpaceColumns & { id: number }, dc: number) {
  const space = spaceOf(tag)
  const cell = firstCell(dc, tag.dc_count)
  if (!cellExists(space, cell)) throw noCell(tag.id, dc)
  return { cell, ...cellBounds(space, cell) }
}

export function tagGone(tagId: number): IdgenError {
  return new IdgenError('IDGEN_TAG_NOT_FOUND', `The tag with the id ${tagId} does not exist or was deleted.`)
}

function noCell(tagId: number, dc: number): IdgenError {
  return new IdgenError(
    'IDGEN_RANGE_EXHAUSTED',
    `The tag with the id ${tagId} has no numbers left for data centre ${dc}; make a new tag.`,
  )
}
