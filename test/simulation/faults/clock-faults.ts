import { DONE, type Fault, type FaultContext, type FaultOutcome } from './fault.ts'

/** Steps stay until the faults end, or until another one. */
function step(context: FaultContext, direction: 1 | -1): FaultOutcome {
  const { world, random } = context
  const host = random.pick(world.hosts)
  const size = random.pick([3, 40, 700, 5000, 25_000, 120_000])
  if (host === undefined || size === undefined) return 'impossible'
  const ms = direction * random.between(size / 2, size)
  host.clock.step(ms)
  // Time that only the copies know lies behind all clocks no more, and PostgreSQL is not there to be asked.
  if (direction < 0 && world.limits.copiesMustAnswer(host.dc) && !world.copiesReached(host.dc)) {
    host.clock.step(-ms)
    return 'refused'
  }
  return { end: () => host.clock.step(-ms) }
}

function drift({ world, random }: FaultContext): FaultOutcome {
  const host = random.pick(world.hosts)
  if (host === undefined) return 'impossible'
  host.clock.drift(random.between(0.98, 1.02), random.between(0.9, 1.1))
  return DONE
}

export const CLOCK_FAULTS: readonly Fault[] = [
  { name: 'clock stepped forward', apply: (context) => step(context, 1) },
  { name: 'clock stepped back', apply: (context) => step(context, -1) },
  { name: 'clocks drift', apply: drift },
]
