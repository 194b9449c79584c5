import type { Scenario } from '../scenario.ts'
import { steppedClock, steppedClockMissing } from '../stepped-clock.ts'

/** The clock of service 0 alone; the stores and the other services keep the right time. */
function stepped(name: string, seconds: number, title: string, more: Partial<Scenario> = {}): Scenario {
  return {
    name: `clock-${name}`,
    title: `the wall clock of a service is stepped ${title}, and put right again`,
    missing: steppedClockMissing,
    installation: {
      environmentOf: (index, folder) => (index === 0 ? steppedClock.environment(folder) : {}),
    },
    holdS: 12,
    async inject({ installation }) {
      steppedClock.step(installation.folder, seconds)
    },
    async heal({ installation }) {
      steppedClock.step(installation.folder, 0)
    },
    ...more,
  }
}

/** Far ahead no time is granted; far back nothing may be stamped twice. */
export const CLOCK_LONG: readonly Scenario[] = [
  stepped('forward', 300, 'five minutes forward', { degrades: ['events'] }),
  stepped('back', -300, 'five minutes back', { degrades: ['events'] }),
  // Bridged by the logical clock (R-1.3.3, second level): callers notice nothing.
  stepped('back-a-little', -0.5, 'half a second back'),
]
