import { IdgenError } from './errors.ts'
import type { NumberSpace } from './tag.ts'

/**
 * A format needs a name that no tag had before: the texts of the tags before it are not known to be others. Of
 * a tag that began at 0 and was granted nothing the high water is 0 too, but its snowflakes were written: so `used` asks
 * whether there was a tag, not how far it got.
 * @throws IDGEN_IMMUTABLE
 */
export function refuseFormatOfUsedName(path: string, { format }: NumberSpace, used: boolean): void {
  if (format === undefined || !used) return
  throw new IdgenError(
    'IDGEN_IMMUTABLE',
    `${path} had a tag before, and how the IDs of a name are written never changes: two numbers could have one text. Use a new name for the format ${JSON.stringify(format)}.`,
  )
}
