import { setTimeout as pause } from 'node:timers/promises'
import type { Scenario, Stage } from '../scenario.ts'

const FLUSHED: Scenario = {
  name: 'redis-flushed',
  title: 'Redis is flushed',
  async inject({ installation }) {
    await installation.redis.command('FLUSHALL')
  },
}

const KILLED: Scenario = {
  name: 'redis-killed',
  title: 'Redis is killed (SIGKILL) and started empty',
  holdS: 10,
  async inject({ installation }) {
    await installation.redis.kill()
  },
  async heal({ installation }) {
    await installation.redis.start()
  },
}

/** Blocks that were taken long ago lie in the dump: nobody may get them again. */
const OLD_DUMP: Scenario = {
  name: 'redis-old-dump',
  title: 'Redis is killed and started on an old dump',
  beforeFault: dumpThatAges,
  async inject({ installation: { redis } }) {
    await redis.kill()
    await redis.putDumpBack(OLD_DUMP_FILE)
    await redis.start()
  },
}

/** With the run id it had, unlike a restart: DEBUG RELOAD keeps run_id and the replication id. */
const RELOADED: Scenario = {
  name: 'redis-reloaded',
  title: 'Redis loads an old dump while it runs (DEBUG RELOAD)',
  beforeFault: dumpThatAges,
  async inject({ installation: { redis } }) {
    await redis.putDumpBack(OLD_DUMP_FILE)
    await redis.command('DEBUG', 'RELOAD', 'NOSAVE')
  },
}

/** What is in the dump has been taken by others when it comes back. */
async function dumpThatAges({ installation }: Stage): Promise<void> {
  await installation.redis.saveDump(OLD_DUMP_FILE)
  await pause(AGE_MS)
}

const OLD_DUMP_FILE = 'old.rdb'
const AGE_MS = 4000

export const REDIS_SHORT: readonly Scenario[] = [FLUSHED]
export const REDIS_LONG: readonly Scenario[] = [FLUSHED, KILLED, OLD_DUMP, RELOADED]
