import { IdgenError } from '../core/errors.ts'
import { type Tag, tagPath } from '../core/tag.ts'
import type { CatalogStore } from '../ports/catalog-store.ts'
import type { CoordinatedKeys } from '../ports/coordinator.ts'
import { allPublications } from './differing-paths.ts'
import { reachChange } from './known-reach.ts'

export interface TellReachOptions {
  /** The database's own. */
  readonly catalog: CatalogStore
  readonly coordinator: CoordinatedKeys
}

/**
 * The numbers' part of `idgen coordination switch --to etcd`: of tags that were published before, a database that comes
 * back has granted numbers without etcd since. Here the witness of each learns how far it got, as that of a tag does
 * that is published for the first time (app/known-reach.ts); no number is granted and none is lost. After the switch, when
 * nobody without etcd is granted any more. May be run again.
 * @returns how many tags etcd knew less of
 * @throws IDGEN_STORE_UNAVAILABLE | IDGEN_COORDINATION_UNAVAILABLE; IDGEN_SPACE_MISMATCH a record in etcd is unreadable
 */
export async function tellReach({ catalog, coordinator }: TellReachOptions): Promise<number> {
  let told = 0
  for await (const { tag } of allPublications(catalog)) {
    const { highWater } = await catalog.findRemains(tag)
    if (await tell(coordinator, tag, highWater)) told += 1
  }
  return told
}

async function tell(coordinator: CoordinatedKeys, tag: Tag, highWater: number): Promise<boolean> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    const reach = await reachChange(coordinator, tag, highWater)
    if (reach.change.length === 0) return attempt > 0
    const { succeeded } = await coordinator.transact(reach)
    if (succeeded) return true
  }
  throw new IdgenError(
    'IDGEN_COORDINATION_UNAVAILABLE',
    `The witness of ${tagPath(tag)} is moved by others again and again; run the switch again.`,
    { retryAfterMs: 1000 },
  )
}

/** A process that started early may be granted meanwhile, some ten times a second; a try takes milliseconds. */
const ATTEMPTS_MAX = 20
