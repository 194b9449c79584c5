import type { Host } from '../world/host.ts'
import { DATED, SEGMENT_ONLY } from '../world/installation.ts'
import { DONE, type Fault, type FaultContext, type FaultOutcome } from './fault.ts'

function running({ world, random }: FaultContext): Host | undefined {
  return random.pick(world.hosts.filter((host) => host.alive && !host.paused))
}

function crash(context: FaultContext): FaultOutcome {
  const host = running(context)
  if (host === undefined) return 'impossible'
  const { world, random } = context
  world.kill(host)
  world.time.after(random.wait(1500), () => {
    if (!host.alive) world.place(host).start()
  })
  return DONE
}

/** A rolling update: it stops as it should, unless it takes too long. */
function restart(context: FaultContext): FaultOutcome {
  const host = running(context)
  const { world, random } = context
  const process = host === undefined ? undefined : world.processOn(host)
  if (host === undefined || process === undefined) return 'impossible'
  const { run } = host
  const next = (): void => {
    if (!host.alive || host.run !== run) return
    world.kill(host)
    world.time.after(random.wait(300), () => {
      if (!host.alive) world.place(host).start()
    })
  }
  void process.stop().then(() => {
    world.tally.add('process stopped in order')
    world.time.after(0, next)
  })
  world.time.after(STOP_MAX_MS, next)
  return DONE
}

function reloadTag(context: FaultContext): FaultOutcome {
  const host = running(context)
  const tag = context.random.pick(context.world.installation.tags)
  if (host === undefined || tag === undefined) return 'impossible'
  void context.world.processOn(host)?.reload(tag.id)
  return DONE
}

/** idgen tag advance, one data centre of those that it goes through: numbers are left out for good. */
function advanceTag(context: FaultContext): FaultOutcome {
  const host = running(context)
  const { world, random } = context
  const process = host === undefined ? undefined : world.processOn(host)
  if (host === undefined || process === undefined) return 'impossible'
  const tagId = random.pick([SEGMENT_ONLY, DATED]) ?? DATED
  // With etcd it raises those of other databases as well; the large one is more than a date has.
  const dc = world.installation.etcd ? (random.pick(world.installation.dcs) ?? host.dc) : host.dc
  const by = random.pick([random.int(1, 100), random.int(1, 100), 3_000_000]) ?? 1
  // Or to a number that the row has passed already, whose grants may yet come back.
  const to = random.chance(0.5) ? world.segments.highest(tagId, dc) : undefined
  process.stores.allocator.advance(tagId, dc, to === undefined ? { by } : { to }).then(
    (next) => {
      // Another database grants below for as long as it is alone: it knows the move by its witness alone.
      if (world.clusterOf(dc) === world.clusterOf(host.dc)) world.segments.advanced(tagId, dc, to ?? next)
      world.tally.add(tagId === DATED ? 'dated tag advanced' : 'tag advanced')
    },
    () => world.tally.add('tag could not be advanced'),
  )
  return DONE
}

function pause(context: FaultContext, monotonicStops: boolean): FaultOutcome {
  const host = running(context)
  if (host === undefined) return 'impossible'
  const { run } = host
  host.pause(monotonicStops)
  return {
    end: () => {
      if (host.paused && host.run === run) host.resume()
    },
  }
}

export const PROCESS_FAULTS: readonly Fault[] = [
  { name: 'process killed', apply: crash },
  { name: 'process restarted in order', apply: restart },
  { name: 'tag reloaded', apply: reloadTag },
  { name: 'tag advanced by hand', apply: advanceTag },
  { name: 'process paused', apply: (context) => pause(context, false) },
  { name: 'machine suspended', apply: (context) => pause(context, true) },
]

/** As Kubernetes' grace period, shorter. */
const STOP_MAX_MS = 8000
