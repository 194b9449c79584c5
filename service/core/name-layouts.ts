import { layoutOf } from './id-format.ts'
import { parseRangeClaim, type RangeClaim, sameClaim } from './range-claim.ts'
import { SEGMENT_LIMIT } from './tag.ts'
import { parseTombstone } from './tombstone.ts'

/** The texts that etcd has of a tag's name, read at one revision; undefined: no such key. */
export interface ClaimedName {
  readonly claim: string | undefined
  readonly tombstone: string | undefined
  /** Settings of a tag of the name were published, so its claim led to a tag. */
  readonly config: unknown
}

/**
 * Whether no tag of the name, in whatever database, ever stamped or will stamp a snowflake layout of its own. Then `tag`,
 * which has none either, may stamp the layout that all tags share: those numbers differ by themselves.
 *
 * What is seen stays true, as claims end in tombstones, tombstones never end, and a name with one takes no format:
 *
 *     nothing ──▶ claim without a layout ──▶ tombstone below 2^53 ──▶ any number of claims without a layout
 *             └─▶ claim with a layout    ──▶ tombstone of 2^53, and no tag ever
 *
 * The one claim that may end in nothing is another one's whose tag was not made: so its settings must be there.
 */
export function bearsNoLayout({ claim, tombstone, config }: ClaimedName, tag: RangeClaim): boolean {
  // What cannot be read may be anything. A deleted tag with a layout may have given any number.
  if (tombstone !== undefined && !isBelowLayouts(tombstone)) return false
  if (claim === undefined) return tombstone !== undefined
  const parsed = parseRangeClaim(claim)
  if (parsed === undefined || layoutOf(parsed.format) !== undefined) return false
  return sameClaim(parsed, tag) || tombstone !== undefined || config !== undefined
}

/** Whether the deleted tags of a name gave numbers of segments, and snowflakes of the layout that all tags share, at most. */
export function isBelowLayouts(tombstone: string): boolean {
  return (parseTombstone(tombstone)?.highWater ?? SEGMENT_LIMIT) < SEGMENT_LIMIT
}
