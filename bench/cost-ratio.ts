import { median } from './median.ts'

/** What a server used for one round of the same load. */
export interface Cost {
  /** Processor time per request. */
  readonly micros: number
  readonly perSecond: number
}

export interface Comparison {
  readonly name: string
  readonly floor: { readonly name: string; readonly measure: () => Promise<Cost> }
  readonly measureOurs: () => Promise<Cost>
  readonly warmUpRounds: number
  readonly rounds: number
  /** Of the microseconds that are printed. */
  readonly digits: number
  readonly bar: number
}

/**
 * Processor time of ours over that of the floor: the median of rounds in which both take turns, so that a busy machine slows
 * both. `check`: above the bar it is measured twice more, and what is still well above it fails the process.
 */
export async function costRatio(comparison: Comparison, check: boolean): Promise<number> {
  const { bar } = comparison
  let ratio = median(await ratios(comparison))
  // What else the machine does can only add to it.
  for (let again = 0; check && again < 2 && !(ratio <= bar); again += 1)
    ratio = Math.min(ratio, median(await ratios(comparison)))
  if (check && isRegression(ratio, bar)) process.exitCode = 1
  return ratio
}

async function ratios(comparison: Comparison): Promise<number[]> {
  const { name, floor, measureOurs, warmUpRounds, rounds, digits } = comparison
  const show = ({ micros, perSecond }: Cost): string =>
    `${micros.toFixed(digits)} µs (${Math.round(perSecond)}/s)`
  const found: number[] = []
  for (let round = -warmUpRounds; round < rounds; round += 1) {
    const least = await floor.measure()
    const ours = await measureOurs()
    if (round < 0) continue
    found.push(ours.micros / least.micros)
    console.log(`${name}, round ${round + 1}: ${floor.name} ${show(least)}, idgen ${show(ours)}`)
  }
  return found
}

/**
 * More than a fifth above the bar. Other work on the machine adds to a ratio, also to the best of three: less is noise, more
 * is a regression. Whether the bars themselves are met says docs/performance.md.
 */
function isRegression(ratio: number, bar: number): boolean {
  return !(ratio <= bar * NOISE)
}

const NOISE = 1.2
