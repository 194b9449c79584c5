import { ALGORITHMS, type AlgorithmName } from '../core/algorithm.ts'
import type { IdBatch } from '../core/id-batch.ts'
import { tagClassOf } from '../core/tag-waits.ts'
import type { FromThread, RowLabels } from './thread-messages.ts'

/**
 * Counts of one protocol thread in memory that the main thread reads along: no message per request, nothing is lost
 * with a thread that dies, and a scrape waits for nobody.
 *
 *     row 0 │ requests │ ids │ row 1 │ requests │ ids │ …      one writer; what a row counts is told once, by message
 */
export class ThreadTally {
  readonly #tell: (message: Extract<FromThread, { kind: 'tally' | 'row' }>) => void
  readonly #rowsMax: number
  /** Rows by tag and algorithm. */
  readonly #served: Rows = new Map()
  /** Rows by key and tag. */
  readonly #calls: Rows = new Map()
  /** Rows by tag, class of the wait and what came of it. */
  readonly #waits: Rows = new Map()
  #used = 0
  #era = 0
  #cells: Float64Array = new Float64Array(0)

  constructor(tell: (message: Extract<FromThread, { kind: 'tally' | 'row' }>) => void, rowsMax = ROWS_MAX) {
    this.#tell = tell
    this.#rowsMax = rowsMax
    this.#begin()
  }

  /** Requests for IDs of a tag that were answered, by what. Two map look-ups and no new string, but for a new row. */
  served(path: string, by: Pick<IdBatch, 'algorithm' | 'degraded'>, requests: number, ids: number): void {
    this.#raise(this.#servedRow(path, nameOf(by), by), requests, ids)
  }

  /**
   * As `served` of `commands` with one ID each. `known`: what this answered for the same tag the last time; it saves the
   * look-ups.
   */
  servedAt(
    known: TallyRow | undefined,
    path: string,
    by: Pick<IdBatch, 'algorithm' | 'degraded'>,
    commands: number,
  ): TallyRow {
    const name = nameOf(by)
    const found = this.#counts(known, name) ? known : this.#found(this.#servedRow(path, name, by), name)
    this.#raise(found.row, commands, commands)
    return found
  }

  /** As `called` of `commands` that were answered with one ID each; `known`: as of servedAt. */
  answeredAt(known: TallyRow | undefined, keyId: string, path: string, commands: number): TallyRow {
    const found = this.#counts(known, keyId) ? known : this.#found(this.#calledRow(keyId, path, 'ok'), keyId)
    this.#raise(found.row, commands, commands)
    return found
  }

  #counts(known: TallyRow | undefined, name: string): known is TallyRow {
    return known !== undefined && known.era === this.#era && known.name === name
  }

  #found(row: number, name: string): TallyRow {
    // After the row: finding one may have begun a new era.
    return { row, era: this.#era, name }
  }

  #servedRow(path: string, name: string, by: Pick<IdBatch, 'algorithm' | 'degraded'>): number {
    return (
      this.#served.get(path)?.get(name) ??
      this.#newRow(this.#served, path, name, ['served', path, by.algorithm, by.degraded ? 'degraded' : ''])
    )
  }

  /** What became of the calls of a key. */
  called(keyId: string, path: string, outcome: string, requests: number, ids: number): void {
    this.#raise(this.#calledRow(keyId, path, outcome), requests, ids)
  }

  #calledRow(keyId: string, path: string, outcome: string): number {
    const name = outcome === 'ok' ? path : `${path} ${outcome}`
    return (
      this.#calls.get(keyId)?.get(name) ??
      this.#newRow(this.#calls, keyId, name, ['called', keyId, path, outcome])
    )
  }

  /** How long requests for IDs of a tag waited, each `ms`. Its row has their seconds where others have IDs. */
  waited(path: string, ms: number, requests: number, answered: boolean): void {
    const outcome = answered ? 'late' : 'failed'
    const at = tagClassOf(ms)
    const name = `${at} ${outcome}`
    const row =
      this.#waits.get(path)?.get(name) ??
      this.#newRow(this.#waits, path, name, ['waited', path, outcome, String(at)])
    this.#raise(row, requests, (Math.max(0, ms) / 1000) * requests)
  }

  /** Whether IDs of the tag were given here lately. */
  knows(path: string): boolean {
    return this.#served.has(path)
  }

  #raise(row: number, requests: number, ids: number): void {
    const at = row * CELLS
    this.#cells[at] = (this.#cells[at] ?? 0) + requests
    this.#cells[at + 1] = (this.#cells[at + 1] ?? 0) + ids
  }

  #newRow(rows: Rows, outer: string, inner: string, labels: RowLabels): number {
    if (this.#used >= this.#rowsMax) this.#begin()
    const row = this.#used
    this.#used += 1
    const group = rows.get(outer) ?? new Map<string, number>()
    rows.set(outer, group.set(inner, row))
    this.#tell({ kind: 'row', row, labels })
    return row
  }

  /** Rows that nobody uses any more end here too, so memory stays bounded. */
  #begin(): void {
    const memory = new SharedArrayBuffer(this.#rowsMax * CELLS * Float64Array.BYTES_PER_ELEMENT)
    this.#served.clear()
    this.#calls.clear()
    this.#waits.clear()
    this.#used = 0
    this.#era += 1
    this.#cells = new Float64Array(memory)
    this.#tell({ kind: 'tally', memory })
  }
}

/** A row as it was found last; no more once the tally began anew. */
export interface TallyRow {
  readonly row: number
  readonly era: number
  /** What tells it from the other rows of its tag. */
  readonly name: string
}

/** The main thread's end of it. */
export class TallyReader {
  readonly #cells: Float64Array
  readonly #rows: { readonly row: number; readonly labels: RowLabels; requests: number; ids: number }[] = []

  constructor(memory: SharedArrayBuffer) {
    this.#cells = new Float64Array(memory)
  }

  name(row: number, labels: RowLabels): void {
    this.#rows.push({ row, labels, requests: 0, ids: 0 })
  }

  /** Tells what came to each row since the last time. */
  fold(tell: (labels: RowLabels, requests: number, ids: number) => void): void {
    for (const known of this.#rows) {
      const requests = this.#cells[known.row * CELLS] ?? 0
      const ids = this.#cells[known.row * CELLS + 1] ?? 0
      if (requests === known.requests && ids === known.ids) continue
      tell(known.labels, requests - known.requests, ids - known.ids)
      known.requests = requests
      known.ids = ids
    }
  }
}

/** As many pairs of key and tag as the ledger keeps: 160 KB. */
const ROWS_MAX = 10_000
const CELLS = 2

type Rows = Map<string, Map<string, number>>

function nameOf(by: Pick<IdBatch, 'algorithm' | 'degraded'>): string {
  return by.degraded ? DEGRADED[by.algorithm] : by.algorithm
}

/** Put together once, not per call. */
const DEGRADED = Object.fromEntries(ALGORITHMS.map((name) => [name, `${name} degraded`])) as Record<
  AlgorithmName,
  string
>
