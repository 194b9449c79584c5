import { IdgenError } from './errors.ts'

/** What became of one row of a batch: what it gave, or why it was refused, which stops none of the others. */
export type RowResult<T> = { readonly value: T } | RefusedRow

export interface RefusedRow {
  readonly refused: IdgenError
  /** It failed once there was no way back, and goes on when what stopped it is over. */
  readonly isBegun?: boolean
  /** It failed before anything of it was begun: whatever the error says of the outcome, all is as it was. */
  readonly isUntried?: boolean
}

/** Whether nobody can say if the row was carried out. */
export function isUnsure({ refused, isUntried = false }: RefusedRow): boolean {
  return !isUntried && isUncertain(refused)
}

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
