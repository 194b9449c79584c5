import { IdgenError } from '../core/errors.ts'
import { invariant } from '../core/invariant.ts'
import type { RowResult } from '../core/row-result.ts'
import { Turns } from './turns.ts'

/** A row that is still to be carried out, or what became of it already. */
export type BatchStep<P, T> = { readonly todo: P } | RowResult<T>

/**
 * Carries out together what is still to be done. Each row gets its result, in the order of the rows; where the work as a
 * whole fails, each of its rows does.
 */
export async function together<P, T>(
  steps: readonly BatchStep<P, T>[],
  work: (todo: readonly P[]) => Promise<readonly RowResult<T>[]>,
): Promise<RowResult<T>[]> {
  const todo = steps.flatMap((step) => ('todo' in step ? [step.todo] : []))
  const results = (todo.length === 0 ? [] : await allOrNone(todo, work)).values()
  return steps.map((step) => {
    if (!('todo' in step)) return step
    const { value, done } = results.next()
    invariant(done !== true, 'each row has a result')
    return value
  })
}

/** What `before` gives leads to more; what it refuses stays refused. */
export function stepsOf<P>(before: readonly RowResult<P>[]): BatchStep<P, never>[] {
  return before.map((row) => ('value' in row ? { todo: row.value } : row))
}

/** Each row with its result. */
export function paired<P, T>(rows: readonly P[], results: readonly T[]): { row: P; result: T }[] {
  invariant(rows.length === results.length, 'each row has a result')
  return results.flatMap((result, at) => {
    const row = rows[at]
    return row === undefined ? [] : [{ row, result }]
  })
}

/** A few rows at once, the others wait for their turn. Each has its result. */
export function sideBySide<P, T>(
  rows: readonly P[],
  work: (row: P) => Promise<T>,
): Promise<readonly RowResult<T>[]> {
  const turns = new Turns(PARALLEL)
  return Promise.all(rows.map((row) => turns.run(() => settled(() => work(row)))))
}

async function settled<T>(work: () => Promise<T>): Promise<RowResult<T>> {
  try {
    return { value: await work() }
  } catch (thrown) {
    return { refused: IdgenError.from(thrown) }
  }
}

async function allOrNone<P, T>(
  todo: readonly P[],
  work: (todo: readonly P[]) => Promise<readonly RowResult<T>[]>,
): Promise<readonly RowResult<T>[]> {
  try {
    return await work(todo)
  } catch (thrown) {
    const refused = IdgenError.from(thrown)
    return todo.map(() => ({ refused }))
  }
}

/** Enough to hide the latency of two stores, few enough to leave connections for requests in flight. */
const PARALLEL = 8
