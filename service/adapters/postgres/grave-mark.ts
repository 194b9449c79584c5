import { reachedValue, tombstoneHigh } from '../../core/cells.ts'
import { type SpaceColumns, spaceOf } from './range-opener.ts'

/** How far a data centre got with a tag. */
export interface ReachedColumns {
  readonly dc: number
  readonly next_value: number
  readonly ceiling: number
}

/**
 * The high water that the grave of a tag has: above all that was or may be granted of it, where its pattern of cells begins anew,
 * and at least `atLeast`. Rounded also without etcd: this database may have left it, and others there grant of the tag still.
 */
export function graveMark(tag: SpaceColumns, segments: readonly ReachedColumns[], atLeast: number): number {
  const space = spaceOf(tag)
  // Below the ceiling commits may have granted that this database lost (core/witness.ts).
  const reached = segments.map(({ dc, next_value, ceiling }) =>
    Math.max(reachedValue(space, dc, next_value), ceiling),
  )
  return Math.max(tombstoneHigh(space, Math.max(tag.start_at, ...reached)), atLeast)
}
