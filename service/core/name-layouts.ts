import { layoutOf } from './id-format.ts'
import { parseRangeClaim, type RangeClaim, sameClaim } from './range-claim.ts'
import { SEGMENT_LIMIT } from './tag.ts'
import { parseTagRecord } from './tag-record.ts'
import { parseTombstone } from './tombstone.ts'

/** The texts that etcd has of a tag's name, read at one revision; undefined: no such key. */
export interface ClaimedName {
  readonly claim: string | undefined
  readonly tombstone: string | undefined
  /** Settings: of whoever has the claim where they bear its generation, else a person's. */
  readonly config: string | undefined
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
 * The one claim that may end in nothing is another one's whose tag was not made: so its settings must be there, as they are
 * published after the tag was made, or are what a tag is made of (SharedNames.unclaim leaves such a claim).
 *
 * A claim of the tag's own is older than any tombstone of 2^53 beside it, as nothing is claimed under one. So that is of a
 * rival that never owned the name and stamped no layout under it, or stood alone then.
 */
export function bearsNoLayout({ claim, tombstone, config }: ClaimedName, tag: RangeClaim): boolean {
  const parsed = claim === undefined ? undefined : parseRangeClaim(claim)
  if (parsed !== undefined && sameClaim(parsed, tag)) return true
  // What cannot be read may be anything. A deleted tag with a layout may have given any number.
  if (tombstone !== undefined && !isBelowLayouts(tombstone)) return false
  if (claim === undefined) return tombstone !== undefined
  if (parsed === undefined || layoutOf(parsed.format) !== undefined) return false
  return tombstone !== undefined || isSettingsOf(config, parsed)
}

/** Whether the text of a configuration key is the settings of the tag that has the claim. A person may have written any other. */
export function isSettingsOf(config: string | undefined, { generation }: RangeClaim): boolean {
  if (config === undefined) return false
  const parsed = parseTagRecord(config)
  return 'record' in parsed && parsed.record.generation === generation
}

/** Whether the deleted tags of a name gave numbers of segments, and snowflakes of the layout that all tags share, at most. */
function isBelowLayouts(tombstone: string): boolean {
  return (parseTombstone(tombstone)?.highWater ?? SEGMENT_LIMIT) < SEGMENT_LIMIT
}
