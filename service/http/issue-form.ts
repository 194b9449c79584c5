import type { LiveTag } from '../app/live-tag.ts'
import { type AlgorithmName, NUMERIC_ALGORITHMS } from '../core/algorithm.ts'
import { IdgenError } from '../core/errors.ts'
import type { IdBatch } from '../core/id-batch.ts'
import type { IssueForm } from './issued-text.ts'

/**
 * Refuses, before anything is spent, what the tag cannot give now in the form that was asked for.
 * @throws IDGEN_NUMBER_UNSAFE, IDGEN_REQUEST_INVALID, IDGEN_ALGORITHMS_EXHAUSTED
 */
export function refuseForm(tag: LiveTag, form: IssueForm): void {
  if (form !== 'text') refuse(tag, tag.router.active.name, form)
}

/** The same once the IDs are there: the tag may have degraded while the call waited. */
export function refuseIssued(tag: LiveTag, batch: IdBatch, form: IssueForm): void {
  if (form !== 'text') refuse(tag, batch.algorithm, form)
}

function refuse(tag: LiveTag, algorithm: AlgorithmName, form: IssueForm): void {
  // Only segments stay below 2^53; snowflake values begin above it and UUIDs are no numbers.
  if (form === 'number' && algorithm !== 'segment')
    throw new IdgenError(
      'IDGEN_NUMBER_UNSAFE',
      `${tag.path} issues by ${algorithm} now, beyond what a JavaScript number can hold; ask as "text".`,
      { faults: [{ path: '/as', message: 'must be text here' }] },
    )
  if (form !== 'runs' || NUMERIC_ALGORITHMS.includes(algorithm)) return
  if (NUMERIC_ALGORITHMS.includes(tag.tag.chain[0] ?? algorithm))
    throw new IdgenError(
      'IDGEN_ALGORITHMS_EXHAUSTED',
      `${tag.path} has degraded to ${algorithm}, which has no runs; ask as "text", or again later.`,
      { retryAfterMs: 1000 },
    )
  throw new IdgenError(
    'IDGEN_REQUEST_INVALID',
    `${tag.path} issues by ${algorithm}, which has no runs: UUIDs do not follow on one another. Ask as "text".`,
    { faults: [{ path: '/as', message: 'must be text here' }] },
  )
}
