import { tombstoneHigh } from '../core/cells.ts'
import { IdgenError } from '../core/errors.ts'
import { type Tag, tagPath } from '../core/tag.ts'
import type { CatalogStore } from '../ports/catalog-store.ts'
import type { CoordinatedKeys } from '../ports/coordinator.ts'
import { closeWitnesses } from './close-witness.ts'
import { buriedHighWater, busy, type SharedNames } from './shared-names.ts'

export interface BurialOptions {
  /** The database's own. */
  readonly catalog: Pick<CatalogStore, 'findTag' | 'findRemains' | 'deleteTag'>
  readonly coordinator: CoordinatedKeys
  readonly names: SharedNames
}

/**
 * Carries a deletion that the database took note of (CatalogStore.beginDeletion) to its end: no number is granted any
 * more in any data centre, then the tombstone is left in etcd, then the tag goes here; the other databases follow. May be
 * interrupted anywhere and called again, by anybody, also by several at the same time.
 *
 * @returns above what a tag of the name begins; undefined: somebody else was faster
 * @throws IDGEN_COORDINATION_UNAVAILABLE, IDGEN_STORE_UNAVAILABLE; IDGEN_SPACE_MISMATCH where a record is unreadable
 */
export async function buryTag(options: BurialOptions, tag: Tag, atLeast = 0): Promise<number | undefined> {
  const { catalog } = options
  const highWater = await endInEtcd(options, tag, atLeast)
  if (highWater === undefined) return undefined
  try {
    await catalog.deleteTag(tag, undefined, { generation: tag.generation, atLeast: highWater })
    return highWater
  } catch (thrown) {
    // Another process saw the tombstone and was faster.
    if (IdgenError.from(thrown).code !== 'IDGEN_TAG_NOT_FOUND') throw thrown
    return undefined
  }
}

/**
 * The part of it that comes before the database forgets the tag: nothing is granted any more, and the tombstone stands.
 * @returns above what a tag of the name begins, at least; undefined: somebody else was faster
 */
export async function endInEtcd(
  options: BurialOptions,
  tag: Tag,
  atLeast: number,
): Promise<number | undefined> {
  const granted = await closeWitnesses(options.coordinator, tag)
  return await leaveTombstone(options, tag, Math.max(granted, atLeast))
}

async function leaveTombstone(
  { catalog, names }: BurialOptions,
  tag: Tag,
  granted: number,
): Promise<number | undefined> {
  const path = tagPath(tag)
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    const reading = await names.read(path)
    // One who was paused, and overtaken: another tag may have the name, and a second tombstone would lie above its start.
    // After etcd was read: whoever makes that tag later changes what was read, and the transaction fails.
    if ((await catalog.findTag(tag))?.generation !== tag.generation) return undefined
    // Read again after the witnesses were closed: nothing is granted any more.
    const { highWater } = await catalog.findRemains(tag)
    // A restored etcd may not know all that a data centre with another database granted, and it may be cut off now.
    const reached = Math.max(granted, highWater, buriedHighWater(reading))
    const high = tombstoneHigh(tag.space, reached)
    if (await names.bury(reading, tag, high)) return high
  }
  throw busy(path)
}

/** Each lost attempt means that another one was carried out. */
const ATTEMPTS_MAX = 5
