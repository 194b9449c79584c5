import { blockFloorKey } from '../core/coordination-keys.ts'
import { IdgenError } from '../core/errors.ts'
import type { CoordinatedKeys, Entry } from '../ports/coordinator.ts'

/**
 * The number below which no block is taken out of the cache any more. It is read in the very transaction that makes a
 * block somebody's (app/block-exchange.ts), so it holds for all that are taken after it was raised, whenever they were
 * put aside. One that cannot be read lets nothing through: the database is asked then.
 */
export function floorOf(entry: Entry | undefined): number {
  if (entry === undefined) return 0
  return /^\d+$/.test(entry.value) ? Number(entry.value) : Number.POSITIVE_INFINITY
}

/**
 * Raises it, never lowers it: two advances at the same time leave the higher one.
 * @throws IDGEN_COORDINATION_UNAVAILABLE it may have been raised; call again
 */
export async function raiseFloor(
  coordinator: CoordinatedKeys,
  { generation, dc }: { readonly generation: string; readonly dc: number },
  floor: number,
): Promise<void> {
  const key = blockFloorKey(generation, dc)
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    const present = await coordinator.get(key)
    const known = floorOf(present)
    if (Number.isFinite(known) && known >= floor) return
    const { succeeded } = await coordinator.transact({
      compare: [present === undefined ? { key, createRevision: 0 } : { key, value: present.value }],
      change: [{ put: key, value: String(floor) }],
    })
    if (succeeded) return
  }
  throw new IdgenError(
    'IDGEN_COORDINATION_UNAVAILABLE',
    `${key} in etcd is raised by others again and again; advance the tag again.`,
    { retryAfterMs: 1000 },
  )
}

/** Only advances write it: each lost attempt means that another one was carried out. */
const ATTEMPTS_MAX = 5
