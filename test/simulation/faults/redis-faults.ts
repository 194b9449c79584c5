import type { BlockSnapshot, MemoryBlockCache } from '../../../service/adapters/memory/memory-block-cache.ts'
import { DONE, type Fault, type FaultContext, type FaultOutcome } from './fault.ts'

function redis({ world, random }: FaultContext): { dc: number; cache: MemoryBlockCache } {
  const dc = random.pick(world.installation.dcs) ?? 0
  return { dc, cache: world.redisOf(dc) }
}

function down(context: FaultContext): FaultOutcome {
  const { cache } = redis(context)
  if (cache.away) return 'impossible'
  cache.away = true
  return {
    end: () => {
      cache.away = false
    },
  }
}

function dumpOf(context: FaultContext, dc: number): BlockSnapshot | undefined | 'refused' {
  const dumps = context.backups.ofRedis(dc)
  const dump = dumps.find((one) => context.world.limits.mayRepeatBlocks(one))
  return dump ?? (dumps.length === 0 ? undefined : 'refused')
}

/** Loads an old dump in the running server: nothing shows it. */
function reload(context: FaultContext): FaultOutcome {
  const { dc, cache } = redis(context)
  const dump = dumpOf(context, dc)
  if (dump === undefined) return 'impossible'
  if (dump === 'refused') return 'refused'
  cache.restore(dump)
  return DONE
}

/** A replica takes over that lacks what came last; later the old master does, with all that it had. */
function failOverAndBack(context: FaultContext): FaultOutcome {
  const { dc, cache } = redis(context)
  const dump = dumpOf(context, dc)
  if (dump === undefined) return 'impossible'
  if (dump === 'refused') return 'refused'
  const { runId } = cache
  const before = cache.snapshot()
  cache.failOver()
  cache.restore(dump)
  return {
    end: () => {
      if (!context.world.limits.mayRepeatBlocks(before)) return
      cache.failBack(runId)
      cache.restore(before)
      context.world.tally.add('Redis failed back')
    },
  }
}

export const REDIS_FAULTS: readonly Fault[] = [
  { name: 'Redis down', apply: down },
  {
    name: 'Redis flushed',
    apply: (context) => {
      redis(context).cache.flush()
      return DONE
    },
  },
  { name: 'Redis reloaded from an old dump', apply: reload },
  { name: 'Redis failed over and back', apply: failOverAndBack },
  {
    name: 'Redis started again',
    apply: (context) => {
      redis(context).cache.newRun()
      return DONE
    },
  },
]
