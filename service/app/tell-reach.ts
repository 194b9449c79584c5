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
 * back has granted numbers without etcd since. Here the witness of each learns how far it got; a tag that is published for
 * the first time tells it with its claim (app/known-reach.ts), once it is known whose the name is. No number is granted and
 * none is lost. After the switch, when nobody without etcd is granted any more. May be run again; a tag that cannot be told of
 * stops none of the others.
 * @returns how many tags etcd knew less of
 * @throws IDGEN_STORE_UNAVAILABLE | IDGEN_COORDINATION_UNAVAILABLE; IDGEN_SPACE_MISMATCH a record in etcd is unreadable
 */
export async function tellReach(options: TellReachOptions): Promise<number> {
  const outcomes = { told: 0, faults: [] as IdgenError[] }
  let next: Tag[] = []
  for await (const { tag, configRevision } of allPublications(options.catalog)) {
    if (configRevision === 0) continue
    next.push(tag)
    if (next.length < AT_ONCE) continue
    await tellAll(options, next, outcomes)
    next = []
  }
  await tellAll(options, next, outcomes)
  const { told, faults } = outcomes
  const [first] = faults
  if (first === undefined) return told
  throw new IdgenError(
    first.code,
    `Of ${faults.length} tags etcd was not told how far they got; run the switch again. The first of them: ${first.message}`,
  )
}

async function tellAll(
  { catalog, coordinator }: TellReachOptions,
  tags: readonly Tag[],
  outcomes: { told: number; readonly faults: IdgenError[] },
): Promise<void> {
  const told = tags.map(async (tag) => tell(coordinator, tag, (await catalog.findRemains(tag)).highWater))
  for (const outcome of await Promise.allSettled(told))
    if (outcome.status === 'rejected') outcomes.faults.push(IdgenError.from(outcome.reason))
    else if (outcome.value) outcomes.told += 1
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

/** Tags that etcd is told of side by side: of 100,000 one after the other took minutes. Below the pool of a command. */
const AT_ONCE = 16
/** A process that started early may be granted meanwhile, some ten times a second; a try takes milliseconds. */
const ATTEMPTS_MAX = 20
