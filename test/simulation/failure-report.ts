import type { SeedResult } from './run-seed.ts'

/** What somebody needs who looks into a failing seed. */
export function failureReport({ seed, violation, steps, trace }: SeedResult): string {
  return [
    `seed ${seed} broke a rule after ${steps} events: ${violation?.rule}: ${violation?.text}`,
    'the last events (virtual milliseconds first):',
    ...trace.slice(-LINES),
    `replay: SIM_SEED=${seed} make simulate`,
  ].join('\n')
}

const LINES = 30
