import { cellOf, cellOwner } from '../core/cells.ts'
import { witnessKey } from '../core/coordination-keys.ts'
import type { Tag } from '../core/tag.ts'
import type { CoordinatedKeys } from '../ports/coordinator.ts'
import { changed, reachedBy, type WitnessChange, witnessAt } from './close-witness.ts'

/**
 * For the transaction that claims the name of a tag: what its witness must say before other databases may have the tag, and delete it: this database may have
 * granted numbers that etcd knows nothing of, before it was there or before it was restored. Whoever deletes the tag asks
 * the witnesses alone how far it got (`closeWitnesses`), and a tag made again begins there.
 *
 * The ceiling of one data centre is enough, that of whose cell the last of them lies in: the highest one counts. It is
 * promised to no history, so nobody grants below it by that record.
 *
 * @param highWater first number above all that this database granted of the name
 * @throws IDGEN_COORDINATION_UNAVAILABLE; IDGEN_SPACE_MISMATCH where the record is unreadable
 */
export async function reachChange(
  coordinator: CoordinatedKeys,
  { generation, space }: Pick<Tag, 'generation' | 'space'>,
  highWater: number,
): Promise<WitnessChange> {
  // Below the tag's own numbers: of those before it of its name.
  const cell = highWater <= space.startAt ? undefined : cellOf(space, highWater - 1)
  if (cell === undefined) return NOTHING
  const witness = await witnessAt(coordinator, witnessKey(generation, cellOwner(cell, space.dcCount)))
  return reachedBy(witness) >= highWater ? NOTHING : changed(witness, { ceiling: highWater })
}

const NOTHING: WitnessChange = { compare: [], change: [] }
