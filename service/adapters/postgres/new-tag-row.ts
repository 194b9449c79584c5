import { randomBytes } from 'node:crypto'
import { startAbove } from '../../core/cells.ts'
import { IdgenError } from '../../core/errors.ts'
import { GENERATION_BYTES, generationOf, tagIdOf } from '../../core/generation.ts'
import { SEGMENT_LIMIT, tagPath } from '../../core/tag.ts'
import { refuseFormatOfUsedName } from '../../core/used-name.ts'
import type { NewTag } from '../../ports/catalog-store.ts'
import { nameTaken, spaceMismatch } from './catalog-records.ts'

/** What the tags of a path, live and deleted, leave for a new one. */
export interface NamePast {
  /** There is one. */
  readonly lives: boolean
  /** There was one, which is deleted. */
  readonly used: boolean
  /** First number above all that deleted ones were granted; 0 where there was none. */
  readonly high: number
}

/**
 * The row of a new tag, all but its group. `generationUsed`: a tag, of whatever path, has or had its generation.
 * @throws IDGEN_ALREADY_EXISTS, IDGEN_SPACE_MISMATCH, IDGEN_IMMUTABLE, IDGEN_RANGE_EXHAUSTED
 */
export function newTagRow(tag: NewTag, { lives, used, high }: NamePast, generationUsed: boolean) {
  const path = tagPath(tag)
  if (lives) throw nameTaken('tag', path)
  // A generation names its tag for ever, and what a deleted tag was granted belongs to nobody else.
  if (tag.generation !== undefined && (generationUsed || high > tag.space.startAt))
    throw spaceMismatch(path, high)
  refuseFormatOfUsedName(path, tag.space, used)
  // With a generation the place was agreed upon in etcd (NameClaims), in the pattern of what others know of the name.
  const startAt =
    tag.generation === undefined ? startAbove(tag.space, used ? high : undefined) : tag.space.startAt
  checkRoom(tag, startAt)
  const generation = tag.generation ?? generationOf(randomBytes(GENERATION_BYTES))
  return {
    id: tagIdOf(generation),
    generation,
    name: tag.name,
    display_name: tag.displayName,
    chain: [...tag.chain],
    step_base: tag.step.base,
    step_min: tag.step.min,
    step_max: tag.step.max,
    start_at: startAt,
    cell_size: tag.space.cellSize,
    dc_count: tag.space.dcCount,
    format: tag.space.format ?? null,
  }
}

/** A tag that goes on above an old one may find the rest of the number space too small. */
function checkRoom(tag: NewTag, startAt: number): void {
  if (tag.space.cellSize * tag.space.dcCount <= SEGMENT_LIMIT - startAt) return
  throw new IdgenError(
    'IDGEN_RANGE_EXHAUSTED',
    `The tag ${tagPath(tag)} would begin at ${startAt}, above its deleted predecessor, and no whole cell for every data centre is left below 2^53: use another name or smaller cells.`,
  )
}
