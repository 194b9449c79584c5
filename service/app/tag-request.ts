import type { AlgorithmName } from '../core/algorithm.ts'
import { displayNameFault } from '../core/display-name.ts'
import { IdgenError } from '../core/errors.ts'
import {
  DEFAULT_SPACE,
  DEFAULT_STEP,
  defaultChain,
  type NumberSpace,
  type StepBounds,
  type TagDraft,
  tagFaults,
} from '../core/tag.ts'

/** What a person says of a new tag; everything left out has a default. */
export interface TagRequest {
  readonly displayName?: string | undefined
  /** The first choice; the default chain follows from it. Not together with `chain`. */
  readonly algorithm?: AlgorithmName | undefined
  readonly chain?: readonly AlgorithmName[] | undefined
  readonly step?: Partial<StepBounds> | undefined
  readonly space?: Partial<NumberSpace> | undefined
}

/** @throws IDGEN_REQUEST_INVALID */
export function checkDisplayName(text: string): string {
  const message = displayNameFault(text)
  if (message === undefined) return text
  throw new IdgenError('IDGEN_REQUEST_INVALID', `/displayName ${message}.`, {
    faults: [{ path: '/displayName', message }],
  })
}

/** A step bound a person left out follows the base they gave, so that { base: 10 } alone is valid. @throws IDGEN_REQUEST_INVALID */
export function completed(request: TagRequest): TagDraft {
  if (
    request.algorithm !== undefined &&
    request.chain !== undefined &&
    request.chain[0] !== request.algorithm
  )
    throw new IdgenError(
      'IDGEN_REQUEST_INVALID',
      '/chain must begin with /algorithm, or leave one of them out.',
      {
        faults: [{ path: '/chain', message: 'must begin with /algorithm' }],
      },
    )
  const given = defined(request.step)
  const base = given.base ?? DEFAULT_STEP.base
  return {
    chain: request.chain ?? defaultChain(request.algorithm ?? 'segment'),
    step: {
      base,
      min: given.min ?? Math.min(DEFAULT_STEP.min, base),
      max: given.max ?? Math.max(DEFAULT_STEP.max, base),
    },
    space: { ...DEFAULT_SPACE, ...defined(request.space) },
  }
}

/** @throws IDGEN_REQUEST_INVALID */
export function refuseFaults(draft: TagDraft): void {
  const faults = tagFaults(draft)
  if (faults.length === 0) return
  throw new IdgenError('IDGEN_REQUEST_INVALID', faults.map((f) => `${f.path} ${f.message}`).join('; '), {
    faults,
  })
}

/** Without the fields that are present but undefined: they must not overwrite a default. */
export function defined<T extends object>(
  part: T | undefined,
): Partial<{ [K in keyof T]: Exclude<T[K], undefined> }> {
  return Object.fromEntries(
    Object.entries(part ?? {}).filter(([, value]) => value !== undefined),
  ) as Partial<{
    [K in keyof T]: Exclude<T[K], undefined>
  }>
}
