import type { CoordinatorLock } from './app/coordinator-lock.ts'
import type { Trouble } from './app/readiness.ts'
import { RecordSeal } from './app/record-seal.ts'
import { type BlocksOfTag, SharedBlocks } from './app/shared-blocks.ts'
import { SharedKeys } from './app/shared-keys.ts'
import type { Config } from './config/keys.ts'
import type { OpenCache } from './open-cache.ts'
import type { Outside } from './outside.ts'
import type { ApiKeyStore } from './ports/api-key-store.ts'
import type { SegmentStore } from './ports/segment-store.ts'

/** What the processes of a data centre share through Redis. */
export interface Sharing {
  readonly cache: OpenCache
  /** In place of the allocator for whoever serves tags. */
  readonly segments: SegmentStore
  /** In place of the database's keys for whoever checks, makes and revokes them; its follower tells it what changed. */
  readonly keys: SharedKeys
  /** undefined where segments are not shared: no etcd, or `redis.blocks` is 0. */
  readonly blocks: SharedBlocks | undefined
  /** What is wrong now, for people: it costs speed only. */
  troubles(): readonly Trouble[]
  /** Puts blocks aside for busy tags, beside everything else. Once the ranges of the data centre are open. */
  start(): void
  stop(): Promise<void>
}

export interface SharingParts {
  readonly cache: OpenCache
  readonly allocator: SegmentStore
  readonly keys: ApiKeyStore
  /** 32 bytes that Redis does not hold. */
  readonly sealKey: Uint8Array
  /** Tags that were busy a moment ago (adapters/postgres/busy-tags.ts). */
  readonly busyTags: (dc: number) => Promise<readonly BlocksOfTag[]>
  /** Where there is an etcd. */
  readonly lock: Pick<CoordinatorLock, 'run'> | undefined
}

export function newSharing(
  config: Config,
  { clock, random, log, shared }: Pick<Outside, 'clock' | 'random' | 'log' | 'shared'>,
  { cache, allocator, keys, sealKey, busyTags, lock }: SharingParts,
): Sharing {
  const { blocks: wanted, ttl: ttlMs } = config.redis
  const dc = config.datacenter.id
  const blocks =
    shared === undefined || wanted === 0
      ? undefined
      : new SharedBlocks({
          store: allocator,
          cache: cache.blocks,
          coordinator: shared.coordinator,
          blocks: wanted,
          ttlMs,
          deadlineMs: config.witness.deadline,
          clock,
          random,
          log,
        })
  return {
    cache,
    segments: blocks ?? allocator,
    keys: new SharedKeys({ keys, cache: cache.records, seal: new RecordSeal(sealKey), ttlMs, log }),
    blocks,
    troubles() {
      const why = cache.fault()
      return why === undefined ? [] : [{ what: 'redis', why }]
    },
    start() {
      if (blocks === undefined || lock === undefined) return
      // Of those that start together one does it; where etcd cannot say which, none.
      void lock.run(`prewarm/${dc}`, () => blocks.prewarm(() => busyTags(dc))).catch(() => undefined)
    },
    stop: async () => await blocks?.stop(),
  }
}
