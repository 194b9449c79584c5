import { JumpWatch } from './app/jump-watch.ts'
import { TimeGrantKeeper, type WorkerEvent } from './app/time-grant-keeper.ts'
import type { Config } from './config/keys.ts'
import { Snowflake } from './core/snowflake.ts'
import { layoutHash, type SnowflakeLayout, snowflakeLayout } from './core/snowflake-layout.ts'
import { UuidV4 } from './core/uuid-v4.ts'
import { UuidV7 } from './core/uuid-v7.ts'
import type { Outside } from './outside.ts'
import type { Random } from './ports/random.ts'
import type { TimeGrantStore } from './ports/time-grant-store.ts'

/** The algorithms all tags of this process share: one cursor each, and what supplies it. */
export interface SharedCursors {
  readonly layout: SnowflakeLayout
  readonly snowflake: Snowflake
  /** Supplies `snowflake`. */
  readonly keeper: TimeGrantKeeper
  readonly uuidV4: UuidV4
  readonly uuidV7: UuidV7
  /** Drops what was made ahead for the UUIDs. */
  readonly jumps: JumpWatch
}

/** Where the process' time comes from, and who is told what becomes of its worker id. */
export interface TimeSource {
  readonly times: TimeGrantStore
  readonly onWorker: (event: WorkerEvent) => void
  /** This process slept or was copied: what was lent of it is to be dropped. */
  readonly onJump: () => void
}

/** Nothing runs yet: `keeper` and `jumps` are to be started. */
export function newCursors(config: Config, outside: Outside, source: TimeSource): SharedCursors {
  const { clock, random } = outside
  const layout = snowflakeLayout(config.snowflake.epoch)
  const snowflake = new Snowflake({
    layout,
    seed: randomSeed(random),
    borrowMaxMs: config.snowflake.borrowMax,
    monotonicMs: () => clock.monotonicMs(),
  })
  const uuidV4 = new UuidV4((bytes) => random.fill(bytes))
  const uuidV7 = new UuidV7((bytes) => random.fill(bytes))
  const jumps = new JumpWatch(clock, () => {
    uuidV7.dropPool()
    uuidV4.dropPool()
    source.onJump()
  })
  const keeper = newKeeper(config, outside, { ...source, layout, snowflake })
  return { layout, snowflake, keeper, uuidV4, uuidV7, jumps }
}

function newKeeper(
  config: Config,
  { clock, random, log, instance }: Outside,
  { times, onWorker, layout, snowflake }: TimeSource & Pick<SharedCursors, 'layout' | 'snowflake'>,
): TimeGrantKeeper {
  return new TimeGrantKeeper({
    store: times,
    onWorker,
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
