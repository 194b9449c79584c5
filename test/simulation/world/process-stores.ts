import { CoordinatedTimeGrants } from '../../../service/app/coordinated-time-grants.ts'
import { SegmentAllocator } from '../../../service/app/segment-allocator.ts'
import { SegmentWitness } from '../../../service/app/segment-witness.ts'
import { SharedBlocks } from '../../../service/app/shared-blocks.ts'
import type { Coordinator } from '../../../service/ports/coordinator.ts'
import type { Log } from '../../../service/ports/log.ts'
import type { SegmentStore } from '../../../service/ports/segment-store.ts'
import type { TimeGrantStore } from '../../../service/ports/time-grant-store.ts'
import { PostgresClient } from '../stores/postgres-client.ts'
import { SimBlockCache } from '../stores/sim-block-cache.ts'
import { SimCoordinator } from '../stores/sim-coordinator.ts'
import { SimLedger } from '../stores/sim-ledger.ts'
import { SimTimeCopies } from '../stores/sim-time-copies.ts'
import { SimTimeGrants } from '../stores/sim-time-grants.ts'
import type { Host } from './host.ts'
import type { Prng } from './prng.ts'
import { WatchedStore } from './watched.ts'
import type { World } from './world.ts'

/** The stores of one process, wired as the service wires them, over simulated ports. */
export interface ProcessStores {
  readonly allocator: SegmentAllocator
  /** What the tags allocate from: the allocator, or the blocks in Redis before it. */
  readonly segments: SegmentStore
  /** For tags that write dates: past the blocks in Redis. */
  readonly unsharedSegments: SegmentStore
  readonly shared: SharedBlocks | undefined
  readonly times: TimeGrantStore
  readonly coordinated: CoordinatedTimeGrants | undefined
}

export interface ProcessParts {
  readonly world: World
  readonly host: Host
  /** Names the process: host and how often it was started. */
  readonly name: string
  readonly random: Prng
  readonly log: Log
}

export function openStores(parts: ProcessParts): ProcessStores {
  const { world, host, log } = parts
  const { network, installation, time, tally, variant, limits } = world
  const { counts } = variant
  const cluster = world.clusterOf(host.dc)
  const client = new PostgresClient({ network, host, cluster, ...(counts === undefined ? {} : { counts }) })
  const { allocator, store } = openAllocator(parts, client)
  const { workers } = installation
  if (!installation.etcd) {
    const times = new SimTimeGrants({ client, time, workers })
    const segments = watched(parts, store)
    return {
      allocator,
      segments,
      unsharedSegments: segments,
      shared: undefined,
      times,
      coordinated: undefined,
    }
  }
  const copies = new SimTimeCopies({
    client,
    time,
    spared: () => limits.copiesMustAnswer(host.dc),
    onAnswer: (answered) => world.copyAnswered(host, answered),
  })
  const coordinated = new CoordinatedTimeGrants({
    coordinator: openCoordinator(parts),
    copies: variant.copies?.(copies) ?? copies,
    clock: host.clock,
    log,
    workers,
    onFlag: ({ kind }) => tally.add(`time: ${kind}`),
  })
  const shared = installation.redis ? openBlocks(parts, store) : undefined
  const unsharedSegments = watched(parts, store)
  const segments = shared === undefined ? unsharedSegments : watched(parts, shared)
  return { allocator, segments, unsharedSegments, shared, times: coordinated, coordinated }
}

function openAllocator(
  parts: ProcessParts,
  client: PostgresClient,
): { allocator: SegmentAllocator; store: SegmentStore } {
  const { world, host, name } = parts
  const { variant, installation, tally } = world
  const plain = new SimLedger({
    client,
    tags: world.ledgerTags,
    onCommitted: (tagId, dc, grant) => {
      world.segments.granted(name, world.tag(tagId), dc, grant)
      world.dates.granted(name, world.tag(tagId), grant)
    },
    floor: (tagId, dc) => world.segments.floor(tagId, dc),
    onPlanned: (tagId, dc, grant, floor) => world.segments.planned(tagId, dc, grant, floor),
    onClock: (tagId, nowMs) => world.dates.clockSaid(world.tag(tagId), nowMs),
    onBurnt: (tagId, dc, grant) => world.segments.burnt(tagId, dc, grant),
  })
  const ledger = variant.ledger?.(plain) ?? plain
  const witness = new SegmentWitness({
    coordinator: openCoordinator(parts),
    clock: host.clock,
    deadlineMs: WITNESS_DEADLINE_MS,
  })
  const witnessed = installation.etcd && variant.witness === undefined
  const allocator = new SegmentAllocator({
    ledger,
    ...(witnessed ? { witness } : {}),
    rules: { headroomSteps: installation.headroomSteps, proceed: false, ...variant.rules },
    onFinding: (_tag, _dc, { kind }) => tally.add(`witness: ${kind}`),
  })
  return { allocator, store: variant.store?.(allocator, ledger) ?? allocator }
}

function openCoordinator({ world, host }: ProcessParts): Coordinator {
  const plain = new SimCoordinator({
    network: world.network,
    host,
    etcd: world.etcd,
    onTransacted: (transaction, outcome) => world.blocks.transacted(transaction, outcome),
  })
  return world.variant.coordinator?.(plain) ?? plain
}

function openBlocks(parts: ProcessParts, store: SegmentStore): SharedBlocks {
  const { world, host, random, log } = parts
  const coordinator = openCoordinator(parts)
  return new SharedBlocks({
    store,
    blocks: world.installation.blocks,
    cache: new SimBlockCache({
      network: world.network,
      host,
      name: `redis${host.dc}`,
      redis: world.redisOf(host.dc),
      onPopped: (block) => world.blocks.popped(block),
    }),
    coordinator: world.variant.blockCoordinator?.(coordinator) ?? coordinator,
    deadlineMs: WITNESS_DEADLINE_MS,
    ttlMs: BLOCK_TTL_MS,
    clock: host.clock,
    random,
    log,
  })
}

/** What comes to the issuer, and what it gives back. */
function watched({ world, name }: ProcessParts, store: SegmentStore): SegmentStore {
  return new WatchedStore(store, {
    onGrant: (tagId, dc, grant) => world.segments.handed(name, tagId, dc, grant),
    onReturn: (tagId, dc, unused) => world.segments.returning(tagId, dc, unused),
  })
}

/** As witness.deadline. */
const WITNESS_DEADLINE_MS = 200
/** Shorter than in production, so that blocks end within a run. */
const BLOCK_TTL_MS = 15_000
