import { IdgenError } from '../core/errors.ts'
import type { Answer } from './answer.ts'

/**
 * Does what a form asks. What is refused because of what was asked is said in the form, shown again with what was typed
 * (`again`); a fault of ours, or of a store, is a page of its own.
 */
export async function orAgain(
  work: () => Promise<Answer>,
  again: (error: IdgenError) => Answer | Promise<Answer>,
): Promise<Answer> {
  try {
    return await work()
  } catch (thrown) {
    const error = IdgenError.from(thrown)
    if (error.row.http >= 500) throw error
    return again(error)
  }
}
