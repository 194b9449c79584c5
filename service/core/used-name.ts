import { IdgenError } from './errors.ts'
import type { NumberSpace } from './tag.ts'

/**
 * A format needs a name that no tag had before: the texts of the tags before it are not known to be others. `high`: the
 * first number above all that they were granted, 0 where there was none.
 * @throws IDGEN_IMMUTABLE
 */
export function refuseFormatOfUsedName(path: string, { format }: NumberSpace, high: number): void {
  if (format === undefined || high === 0) return
  throw new IdgenError(
    'IDGEN_IMMUTABLE',
    `${path} had a tag before, and how the IDs of a name are written never changes: two numbers could have one text. Use a new name for the format ${JSON.stringify(format)}.`,
  )
}
