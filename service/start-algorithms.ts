import { JumpWatch } from './app/jump-watch.ts'
import { TimeGrantKeeper, type WorkerEvent } from './app/time-grant-keeper.ts'
import { WorkerIds } from './app/worker-ids.ts'
import type { Config } from './config/keys.ts'
import { JoinedCursors, type StampingCursor } from './core/joined-cursors.ts'
import { Snowflake } from './core/snowflake.ts'
import { layoutHash, type SnowflakeLayout, snowflakeLayout } from './core/snowflake-layout.ts'
import { TagCursors } from './core/tag-cursors.ts'
import { UuidV4 } from './core/uuid-v4.ts'
import { UuidV7 } from './core/uuid-v7.ts'
import type { Outside } from './outside.ts'
import type { Random } from './ports/random.ts'
import type { TimeGrantStore } from './ports/time-grant-store.ts'

/** The algorithms all tags of this process share: one cursor each, and what supplies it. */
export interface SharedCursors {
  readonly layout: SnowflakeLayout
  readonly snowflake: StampingCursor
  /** Of tags with a layout of their own, out of the same time. */
  readonly tagCursors: TagCursors
  /** Supply `snowflake`. */
  readonly workerIds: WorkerIds
  readonly uuidV4: UuidV4
  readonly uuidV7: UuidV7
  /** Drops what was made ahead for the UUIDs. */
  readonly jumps: JumpWatch
}

/** Where the process' time comes from, and who is told what becomes of its worker id. */
export interface TimeSource {
  readonly times: TimeGrantStore
  /** For each worker id anew: who hears of it. */
  readonly newOnWorker: () => (event: WorkerEvent) => void
  /** This process slept or was copied: what was lent of it is to be dropped. */
  readonly onJump: () => void
}

/** Nothing runs yet: `workerIds` and `jumps` are to be started. */
export function newCursors(config: Config, outside: Outside, source: TimeSource): SharedCursors {
  const { clock, random } = outside
  const layout = snowflakeLayout(config.snowflake.epoch)
  const cursors = Array.from({ length: config.server.workerIds }, () => newCursor(config, outside, layout))
  const uuidV4 = new UuidV4((bytes) => random.fill(bytes))
  const uuidV7 = new UuidV7((bytes) => random.fill(bytes))
  const jumps = new JumpWatch(clock, () => {
    uuidV7.dropPool()
    uuidV4.dropPool()
    source.onJump()
  })
  const keepers = cursors.map((snowflake) => newKeeper(config, outside, { ...source, layout, snowflake }))
  const workerIds = new WorkerIds(keepers)
  const tagCursors = new TagCursors({
    holders: cursors,
    borrowMaxMs: config.snowflake.borrowMax,
    seed: () => randomSeed(random),
  })
  return { layout, snowflake: oneOf(cursors), tagCursors, workerIds, uuidV4, uuidV7, jumps }
}

function newCursor(config: Config, { clock, random }: Outside, layout: SnowflakeLayout): Snowflake {
  return new Snowflake({
    layout,
    seed: randomSeed(random),
    borrowMaxMs: config.snowflake.borrowMax,
    monotonicMs: () => clock.monotonicMs(),
  })
}

/** A single one is used as it is: joining costs a nanosecond per ID. */
function oneOf(cursors: readonly Snowflake[]): StampingCursor {
  const [first, ...more] = cursors
  return first !== undefined && more.length === 0 ? first : new JoinedCursors(cursors)
}

function newKeeper(
  config: Config,
  { clock, random, log, instance }: Outside,
  { times, newOnWorker, layout, snowflake }: TimeSource & { layout: SnowflakeLayout; snowflake: Snowflake },
): TimeGrantKeeper {
  return new TimeGrantKeeper({
    store: times,
    onWorker: newOnWorker(),
    snowflake,
    layout,
    clock,
    random,
    log,
    request: {
      dc: config.datacenter.id,
      holder: instance,
      leaseMs: config.snowflake.lease,
      layoutHash: layoutHash(layout),
    },
    windowMs: config.snowflake.window,
    renewEveryMs: config.snowflake.renewEvery,
    maxClockAheadMs: config.snowflake.maxClockAhead,
  })
}

function randomSeed(random: Random): number {
  const bytes = new Uint8Array(4)
  random.fill(bytes)
  return new DataView(bytes.buffer).getUint32(0)
}
