import type { IssuesBy } from '../app/issuer.ts'
import { NUMERIC_ALGORITHMS } from '../core/algorithm.ts'
import { IdgenError } from '../core/errors.ts'
import type { IdBatch } from '../core/id-batch.ts'
import type { IssueForm } from './issued-text.ts'

/**
 * Refuses, before anything is spent, what the tag cannot give now in the form that was asked for.
 * @throws IDGEN_NUMBER_UNSAFE, IDGEN_REQUEST_INVALID, IDGEN_ALGORITHMS_EXHAUSTED
 */
export function refuseForm(path: string, by: IssuesBy, form: IssueForm): void {
  if (form !== 'text') refuse(path, by, form)
}

/** The same once the IDs are there: the tag may have degraded while the call waited. `by`: as known now. */
export function refuseIssued(path: string, batch: IdBatch, by: IssuesBy | undefined, form: IssueForm): void {
  if (form === 'text') return
  const formatted = batch.printer !== undefined
  const safe = batch.isSafe
  refuse(path, { active: batch.algorithm, first: by?.first ?? batch.algorithm, formatted, safe }, form)
}

function refuse(
  path: string,
  { active: algorithm, first, formatted, safe }: IssuesBy,
  form: IssueForm,
): void {
  if (formatted)
    throw new IdgenError(
      'IDGEN_REQUEST_INVALID',
      `${path} writes its IDs in a format, so there are no ${form === 'runs' ? 'runs' : 'numbers'} of it; ask as "text".`,
      { faults: [{ path: '/as', message: 'must be text here' }] },
    )
  // Segments and snowflakes of a narrow layout stay below 2^53; other snowflakes begin above it, and UUIDs are no numbers.
  if (form === 'number' && !safe)
    throw new IdgenError(
      'IDGEN_NUMBER_UNSAFE',
      `${path} issues by ${algorithm} now, beyond what a JavaScript number can hold; ask as "text".`,
      { faults: [{ path: '/as', message: 'must be text here' }] },
    )
  if (form !== 'runs' || NUMERIC_ALGORITHMS.includes(algorithm)) return
  if (NUMERIC_ALGORITHMS.includes(first))
    throw new IdgenError(
      'IDGEN_ALGORITHMS_EXHAUSTED',
      `${path} has degraded to ${algorithm}, which has no runs; ask as "text", or again later.`,
      { retryAfterMs: 1000 },
    )
  throw new IdgenError(
    'IDGEN_REQUEST_INVALID',
    `${path} issues by ${algorithm}, which has no runs: UUIDs do not follow on one another. Ask as "text".`,
    { faults: [{ path: '/as', message: 'must be text here' }] },
  )
}
