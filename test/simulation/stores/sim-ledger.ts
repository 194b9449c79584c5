import { cellBounds, firstCell } from '../../../service/core/cells.ts'
import type { SegmentGrant } from '../../../service/core/grant.ts'
import type { NumberSpace } from '../../../service/core/tag.ts'
import type { LedgerRow, LedgerWrite, SegmentLedger } from '../../../service/ports/segment-ledger.ts'
import type { SegmentUsage } from '../../../service/ports/segment-store.ts'
import type { PostgresClient } from './postgres-client.ts'
import type { PostgresServer, Session } from './postgres-server.ts'
import { type PostgresState, type SegmentRow, withSegment } from './postgres-state.ts'

export interface LedgerTag {
  readonly id: number
  readonly generation: string
  readonly space: NumberSpace
}

export interface SimLedgerOptions {
  readonly client: PostgresClient
  readonly tags: ReadonlyMap<number, LedgerTag>
  /** The moment a grant is committed, before anybody knows: from now on it may be in somebody's hands. */
  readonly onCommitted: (tagId: number, dc: number, grant: SegmentGrant) => void
  /** The client was told that the outcome is unknown: nobody holds it, whatever the server wrote. */
  readonly onBurnt: (tagId: number, dc: number, grant: SegmentGrant) => void
  /** First number that may be granted, when a row is read under its lock. */
  readonly floor: (tagId: number, dc: number) => number
  readonly onPlanned: (tagId: number, dc: number, grant: SegmentGrant, floor: number) => void
  /** What the server's clock said to a transaction of the tag. */
  readonly onClock: (tagId: number, nowMs: number) => void
}

/** The records of segment grants in a simulated PostgreSQL, as service/adapters/postgres/postgres-segment-ledger.ts. */
export class SimLedger implements SegmentLedger {
  readonly #options: SimLedgerOptions

  constructor(options: SimLedgerOptions) {
    this.#options = options
  }

  async withRow<T>(
    doing: string,
    tagId: number,
    dc: number,
    work: (row: LedgerRow) => Promise<{ readonly write: LedgerWrite | undefined; readonly result: T }>,
  ): Promise<T> {
    const { client, onClock } = this.#options
    const tag = this.#tag(tagId)
    const key = `${tagId}/${dc}`
    let opened: Session | undefined
    const read = async (server: PostgresServer): Promise<{ session: Session; row: LedgerRow }> => {
      const session = server.connect(key)
      opened = session
      await server.lock(session)
      const { history } = server
      const nowMs = server.wallMs
      onClock(tagId, nowMs)
      const row = { ...tag, ...rowOf(server.state, key, tag, dc), published: true, history, nowMs }
      return { session, row }
    }
    try {
      const { session, row } = await client.ask(`${doing} ${key}: lock`, read)
      const floor = this.#options.floor(tagId, dc)
      const { write, result } = await work(row)
      if (write?.grant !== undefined) this.#options.onPlanned(tagId, dc, write.grant, floor)
      if (write !== undefined) await this.#commit(`${doing} ${key}: commit`, session, { tagId, dc, write })
      else client.send(() => session.server.end(session))
      return result
    } catch (thrown) {
      // Closed from here; the server notices late, or by its idle limit.
      client.send(() => {
        if (opened !== undefined) opened.server.end(opened)
      })
      throw thrown
    }
  }

  async initialise(): Promise<void> {}

  async initialiseAll(): Promise<number> {
    return 0
  }

  async usage(): Promise<SegmentUsage[]> {
    return []
  }

  async #commit(
    what: string,
    session: Session,
    { tagId, dc, write }: { tagId: number; dc: number; write: LedgerWrite },
  ): Promise<void> {
    const { client, onCommitted, onBurnt } = this.#options
    const { cell, nextValue, ceiling, ceilingHistory, grant } = write
    // A COMMIT that comes late finds nobody who waits for it.
    let waiting = true
    let committed = false
    const change = (state: PostgresState): PostgresState => {
      committed = waiting
      if (grant !== undefined && waiting) onCommitted(tagId, dc, grant)
      return withSegment(state, session.row, { cell, nextValue, ceiling, ceilingHistory })
    }
    try {
      client.mustCount(await client.ask(what, () => session.server.commitSession(session, change)))
    } catch (thrown) {
      waiting = false
      if (grant !== undefined && committed) onBurnt(tagId, dc, grant)
      throw thrown
    }
  }

  #tag(tagId: number): LedgerTag {
    const tag = this.#options.tags.get(tagId)
    if (tag === undefined) throw new Error(`no tag ${tagId} in this simulation`)
    return tag
  }
}

export function rowOf(state: PostgresState, key: string, tag: LedgerTag, dc: number): SegmentRow {
  const cell = firstCell(dc, tag.space.dcCount)
  return (
    state.segments.get(key) ?? {
      cell,
      nextValue: cellBounds(tag.space, cell).lo,
      ceiling: 0,
      ceilingHistory: '',
    }
  )
}
