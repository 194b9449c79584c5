import type { Row, Spread } from './bench-result.ts'
import { median } from './median.ts'

/** What a subject used in one round of the same load. */
export interface Cost {
  /** Processor time, per request or per ID. */
  readonly micros: number
  readonly perSecond: number
}

export interface Subject<Measured = Cost> {
  readonly name: string
  readonly measure: () => Promise<Measured> | Measured
}

/** What each subject used, round by round, in the order of the subjects. */
export type Rounds<Measured = Cost> = readonly (readonly Measured[])[]

/** The subjects take turns within every round, so that a busy machine slows all of them. */
export async function interleavedRounds<Measured = Cost>(
  subjects: readonly Subject<Measured>[],
  { warmUp, rounds }: { readonly warmUp: number; readonly rounds: number },
): Promise<Rounds<Measured>> {
  const costs: Measured[][] = subjects.map(() => [])
  for (let round = -warmUp; round < rounds; round += 1)
    for (const [i, { measure }] of subjects.entries()) {
      const cost = await measure()
      if (round >= 0) costs[i]?.push(cost)
    }
  return costs
}

/** Processor time of one beside that of its floor: the median of the rounds' ratios. */
export function costBeside(
  ours: readonly Cost[],
  floor: { readonly what: string; readonly costs: readonly Cost[] },
): Pick<Row, 'value' | 'unit' | 'spread' | 'floor' | 'ratio'> {
  const micros = ours.map((cost) => cost.micros)
  return {
    value: median(micros),
    unit: 'µs',
    spread: spreadOf(micros),
    floor: { what: floor.what, value: median(floor.costs.map((cost) => cost.micros)) },
    ratio: median(micros.map((one, i) => one / (floor.costs[i]?.micros ?? Number.NaN))),
  }
}

/** For the conditions of a bench. */
export function roundsText(rounds: number): string {
  return rounds === 1 ? 'one round' : `median of ${rounds} rounds`
}

export function spreadOf(values: readonly number[]): Spread {
  return { min: Math.min(...values), max: Math.max(...values) }
}

/** A row of microseconds in nanoseconds, for what takes a few of them. */
export function inNanoseconds<R extends Pick<Row, 'value' | 'unit' | 'spread' | 'floor'>>(row: R): R {
  const { spread, floor } = row
  return {
    ...row,
    value: row.value * 1000,
    unit: 'ns',
    ...(spread && { spread: { min: spread.min * 1000, max: spread.max * 1000 } }),
    ...(floor && { floor: { ...floor, value: floor.value * 1000 } }),
  }
}
