import { IdgenClientError } from '../core/client-error.ts'

/** @throws IDGEN_CLIENT_OPTION_INVALID unless it is a whole number from 1 to `max` */
export function countArgument(method: string, count: number, max: number): void {
  if (Number.isInteger(count) && count >= 1 && count <= max) return
  throw new IdgenClientError(
    'IDGEN_CLIENT_OPTION_INVALID',
    `${method}(${count}): how many IDs must be a whole number from 1 to ${max}.`,
  )
}
