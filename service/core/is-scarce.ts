import type { IdgenError } from './errors.ts'

/** Refused for being too many: fewer may be there. */
export function isScarce({ code }: IdgenError): boolean {
  return code === 'IDGEN_COUNT_OUT_OF_RANGE' || code === 'IDGEN_RANGE_EXHAUSTED'
}
