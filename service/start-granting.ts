import type { DcClaimGuard } from './app/dc-claim-guard.ts'
import { GuardedSegments } from './app/guarded-segments.ts'
import { SegmentAllocator } from './app/segment-allocator.ts'
import type { StoreWatch } from './app/store-watch.ts'
import type { Config } from './config/keys.ts'
import { witnessRules } from './open-coordinator.ts'
import type { Outside } from './outside.ts'
import type { SegmentStore } from './ports/segment-store.ts'
import { newSharing, type Sharing } from './start-cache.ts'
import type { Coordination } from './start-coordination.ts'
import { claimedSegments } from './start-dc-claim.ts'

/** Where segments come from, from the database outwards. */
export interface Granting {
  readonly allocator: SegmentAllocator
  /** Left out where no Redis is configured. */
  readonly sharing: Sharing | undefined
  /** What tags are served from. */
  readonly segments: SegmentStore
  /** The same past the blocks in Redis: for tags whose numbers say which day they were granted on. */
  readonly unsharedSegments: SegmentStore
}

export interface GrantingParts {
  readonly storeWatch: StoreWatch
  readonly coordination: Coordination | undefined
  readonly claim: DcClaimGuard | undefined
}

/** database ◀ allocator ◀ guards ◀ shared blocks ◀ guards again: a block out of Redis is a grant like any other. */
export function newGranting(config: Config, outside: Outside, parts: GrantingParts): Granting {
  const { coordination, claim } = parts
  const allocator = newAllocator(config, outside, parts)
  const guarded = (store: SegmentStore): SegmentStore =>
    claimedSegments(withoutConflicts(store, coordination), claim)
  const sharing = sharingOf(config, outside, guarded(allocator), coordination)
  const segments = outside.segments ?? guarded(sharing?.segments ?? allocator)
  const unsharedSegments = sharing === undefined ? segments : (outside.segments ?? guarded(allocator))
  return { allocator, sharing, segments, unsharedSegments }
}

function newAllocator(
  config: Config,
  { ledger }: Outside,
  { storeWatch, coordination }: GrantingParts,
): SegmentAllocator {
  return new SegmentAllocator({
    ledger,
    rules: witnessRules(config),
    onFinding: (...found) => storeWatch.found(...found),
    ...(coordination === undefined ? {} : { witness: coordination.witness, publishedOnly: true }),
  })
}

/** Tags whose numbers another database claims are granted nothing. */
function withoutConflicts(store: SegmentStore, coordination: Coordination | undefined): SegmentStore {
  return coordination === undefined ? store : new GuardedSegments(store, coordination.conflicts.reasons)
}

function sharingOf(
  config: Config,
  outside: Outside,
  allocator: SegmentStore,
  coordination: Coordination | undefined,
): Sharing | undefined {
  if (outside.cache === undefined) return undefined
  const { redis: cache, sealKey, busyTags } = outside.cache
  const lock = coordination?.lock
  return newSharing(config, outside, { cache, sealKey, busyTags, allocator, keys: outside.keys, lock })
}
