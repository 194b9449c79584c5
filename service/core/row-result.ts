import { IdgenError } from './errors.ts'

/**
 * What became of one row of a batch: what it gave, or why it was refused, which stops none of the others. `isBegun`: it failed
 * once there was no way back, and goes on when what stopped it is over.
 */
export type RowResult<T> =
  | { readonly value: T }
  | { readonly refused: IdgenError; readonly isBegun?: boolean }

/** Whether nobody can say if what failed with the error was done: without an answer, or after a fault that nobody expected, it may have been. */
export function isUncertain({ code, row }: IdgenError): boolean {
  return row.retryable || code === 'IDGEN_INTERNAL'
}

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
