import { IdgenError } from '../core/errors.ts'
import type { IssuedFormat } from './encode-issued.ts'
import { IdFormat } from './generated/idgen/v1/id_service.ts'

/** @throws IDGEN_REQUEST_INVALID for a number that the enum does not have */
export function formatOf(value: number): IssuedFormat {
  if (value === IdFormat.UNSPECIFIED || value === IdFormat.RUNS) return 'runs'
  if (value === IdFormat.TEXT) return 'text'
  if (value === IdFormat.NUMBERS) return 'numbers'
  throw new IdgenError(
    'IDGEN_REQUEST_INVALID',
    `format is ${value}, which idgen.v1.IdFormat does not have.`,
    {
      faults: [{ path: '/format', message: `must be one of the values of idgen.v1.IdFormat, not ${value}` }],
    },
  )
}
