import { IdgenError } from './errors.ts'

/** What became of one row of a batch: what it gave, or why it was refused, which stops none of the others. */
export type RowResult<T> = { readonly value: T } | { readonly refused: IdgenError }

/** A refusal is of this row; any other fault is nobody's row, and is thrown on. */
export function rowResult<T>(work: () => T): RowResult<T> {
  try {
    return { value: work() }
  } catch (thrown) {
    if (thrown instanceof IdgenError) return { refused: thrown }
    throw thrown
  }
}

export function mappedRow<T, U>(row: RowResult<T>, map: (value: T) => U): RowResult<U> {
  return 'value' in row ? { value: map(row.value) } : row
}

/** What rows gave that were not refused. */
export function valuesOf<T>(rows: readonly RowResult<T>[]): T[] {
  return rows.flatMap((row) => ('value' in row ? [row.value] : []))
}
