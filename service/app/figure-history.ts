import { DURATION_BOUNDS, type DurationCounts } from '../core/duration-histogram.ts'
import type { Clock } from '../ports/clock.ts'
import type { Figures } from './live-figures.ts'
import { Repeat } from './repeat.ts'

/** What happened between two looks. */
export interface Interval {
  readonly untilMs: number
  /** Each a second. */
  readonly ids: number
  readonly requests: number
  readonly failures: number
  /** Seconds; undefined: nobody asked. */
  readonly p99: number | undefined
  readonly degradedTags: number
}

/** The last five minutes of the figures, for charts: a look every two seconds while it runs. */
export class FigureHistory {
  readonly #read: () => Figures
  readonly #looks: Figures[] = []
  readonly #repeat: Repeat

  constructor(read: () => Figures, clock: Clock) {
    this.#read = read
    this.#repeat = new Repeat(clock, LOOK_EVERY_MS, () => this.#look())
  }

  start(): void {
    this.#look()
    this.#repeat.start()
  }

  stop(): Promise<void> {
    return this.#repeat.stop()
  }

  /** As they are now. */
  now(): Figures {
    return this.#read()
  }

  /** Oldest first; none before the second look. */
  intervals(): Interval[] {
    return this.#looks.slice(1).map((look, at) => between(this.#looks[at] ?? look, look))
  }

  /** From the oldest look until now, as one. */
  whole(): Interval | undefined {
    const [oldest] = this.#looks
    return oldest && between(oldest, this.now())
  }

  #look(): void {
    this.#looks.push(this.#read())
    if (this.#looks.length > LOOKS_MAX) this.#looks.shift()
  }
}

const LOOK_EVERY_MS = 2000
/** Five minutes: what happens now. Longer is for Prometheus. */
const LOOKS_MAX = 151

function between(from: Figures, to: Figures): Interval {
  const seconds = Math.max(1, to.atMs - from.atMs) / 1000
  // Tags that are dropped from memory take their counters along, so a sum can fall; a rate below zero would be none.
  const rate = (count: (figures: Figures) => number): number => Math.max(0, count(to) - count(from)) / seconds
  return {
    untilMs: to.atMs,
    ids: rate(({ ids }) => ids),
    requests: rate(({ requests }) => requests),
    failures: rate(({ failures }) => failures),
    p99: quantile(0.99, from.durations, to.durations),
    degradedTags: to.degradedTags,
  }
}

/** As histogram_quantile of Prometheus: even within a class, and the last bound for what lies beyond it. */
export function quantile(share: number, from: DurationCounts, to: DurationCounts): number | undefined {
  const count = to.count - from.count
  if (count <= 0) return undefined
  const wanted = share * count
  let [before, lower] = [0, 0]
  for (const [at, upper] of DURATION_BOUNDS.entries()) {
    const upTo = (to.atMost[at] ?? 0) - (from.atMost[at] ?? 0)
    if (upTo >= wanted)
      return upTo === before ? upper : lower + ((upper - lower) * (wanted - before)) / (upTo - before)
    before = upTo
    lower = upper
  }
  return lower
}
