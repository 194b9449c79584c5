import { ALGORITHMS, type AlgorithmName } from '../core/algorithm.ts'
import type { IdBatch } from '../core/id-batch.ts'
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
  #used = 0
  #cells: Float64Array = new Float64Array(0)

  constructor(tell: (message: Extract<FromThread, { kind: 'tally' | 'row' }>) => void, rowsMax = ROWS_MAX) {
    this.#tell = tell
    this.#rowsMax = rowsMax
    this.#begin()
  }

  /** Requests for IDs of a tag that were answered, by what. Two map look-ups and no new string, but for a new row. */
  served(path: string, by: Pick<IdBatch, 'algorithm' | 'degraded'>, requests: number, ids: number): void {
    const name = by.degraded ? DEGRADED[by.algorithm] : by.algorithm
    const row =
      this.#served.get(path)?.get(name) ??
      this.#newRow(this.#served, path, name, ['served', path, by.algorithm, by.degraded ? 'degraded' : ''])
    this.#raise(row, requests, ids)
  }

  /** What became of the calls of a key. */
  called(keyId: string, path: string, outcome: string, requests: number, ids: number): void {
    const name = outcome === 'ok' ? path : `${path} ${outcome}`
    const row =
      this.#calls.get(keyId)?.get(name) ??
      this.#newRow(this.#calls, keyId, name, ['called', keyId, path, outcome])
    this.#raise(row, requests, ids)
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
    this.#used = 0
    this.#cells = new Float64Array(memory)
    this.#tell({ kind: 'tally', memory })
  }
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

/** Put together once, not per call. */
const DEGRADED = Object.fromEntries(ALGORITHMS.map((name) => [name, `${name} degraded`])) as Record<
  AlgorithmName,
  string
>
