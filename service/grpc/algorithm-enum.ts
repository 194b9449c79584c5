import type { AlgorithmName } from '../core/algorithm.ts'
import { IdgenError } from '../core/errors.ts'
import { Algorithm } from './generated/idgen/v1/algorithm.ts'

export const ALGORITHM_ENUM: Readonly<Record<AlgorithmName, Algorithm>> = {
  segment: Algorithm.SEGMENT,
  snowflake: Algorithm.SNOWFLAKE,
  'uuid-v7': Algorithm.UUID_V7,
  'uuid-v4': Algorithm.UUID_V4,
}

const NAMES = new Map<number, AlgorithmName>(
  Object.entries(ALGORITHM_ENUM).map(([name, value]) => [value, name as AlgorithmName]),
)

/** undefined for ALGORITHM_UNSPECIFIED. @throws IDGEN_REQUEST_INVALID for a number that the enum does not have */
export function algorithmName(value: number, path: string): AlgorithmName | undefined {
  return value === Algorithm.UNSPECIFIED ? undefined : requiredAlgorithmName(value, path)
}

/** @throws IDGEN_REQUEST_INVALID for ALGORITHM_UNSPECIFIED and for a number that the enum does not have */
export function requiredAlgorithmName(value: number, path: string): AlgorithmName {
  const name = NAMES.get(value)
  if (name !== undefined) return name
  throw new IdgenError(
    'IDGEN_REQUEST_INVALID',
    `${path} names the algorithm ${value}, which does not exist.`,
    {
      faults: [{ path, message: `must be one of the values of idgen.v1.Algorithm, not ${value}` }],
    },
  )
}
