import type { DurationCounts } from '../core/duration-histogram.ts'
import { durationQuantile } from '../core/duration-quantile.ts'

/** What a process had done by one moment. Counts only ever grow. */
export interface Look {
  /** Unix milliseconds. */
  readonly atMs: number
  /** Of the monotonic clock: a wall clock that is set makes no rate of it. */
  readonly passedMs: number
  readonly ids: number
  readonly requests: number
  readonly failures: number
  readonly durations: DurationCounts
  readonly degradedTags: number
  /** Share of the fullest number space, 0..1; undefined: not known yet. */
  readonly rangeUsedMost: number | undefined
}

/** What it did between two looks. */
export interface Activity {
  /** Each a second. */
  readonly ids: number
  readonly requests: number
  readonly failures: number
  /** Seconds; undefined: nobody asked. */
  readonly p99: number | undefined
  /** The most at any look in between. */
  readonly degradedTags: number
  /** The same of this share, 0..1; undefined: no look knew it. */
  readonly rangeUsedMost: number | undefined
}

/** What has a height at any moment, and no rate. */
type Levels = Pick<Look, 'degradedTags' | 'rangeUsedMost'>

const NO_LEVELS: Levels = { degradedTags: 0, rangeUsedMost: undefined }

export interface Interval {
  readonly fromMs: number
  readonly untilMs: number
  /** undefined: nobody looked, because the process stood still. */
  readonly did: Activity | undefined
}

/** A time that ends now, as a chart shows it. */
export interface Curve {
  readonly fromMs: number
  readonly toMs: number
  /** Each interval but the last is about so long. */
  readonly stepMs: number
  /** Since when there are figures: where that is behind `fromMs`, the process did not run before, or its clock was put back. */
  readonly beginsMs: number
  /** Oldest first, one after the other without a break. */
  readonly intervals: readonly Interval[]
}

/** How far a span goes back, and how long a step of it is. */
export interface SpanLength {
  readonly lastsMs: number
  readonly stepMs: number
}

/**
 * The figures of one length of time, in steps: of the looks that it is given it keeps one a step, and as many as the time has room for.
 * The step under way ends at the newest look, so that the curve always reaches now.
 */
export class FigureSpan {
  readonly #length: SpanLength
  readonly #looksPerStep: number
  readonly #kept: Look[] = []
  #newest: Look | undefined
  /** Looks since the last that was kept, and the highest levels in them. */
  #since = 0
  #highest = NO_LEVELS

  /** `lookEveryMs`: how often `add` is called; a step is a multiple of it. */
  constructor(length: SpanLength, lookEveryMs: number) {
    this.#length = length
    this.#looksPerStep = Math.round(length.stepMs / lookEveryMs)
  }

  /** The oldest look that is kept. */
  get oldest(): Look | undefined {
    return this.#kept[0]
  }

  get kept(): number {
    return this.#kept.length
  }

  add(look: Look): void {
    this.#forgetFuture(look.atMs)
    this.#newest = look
    this.#since += 1
    this.#highest = higher(this.#highest, look)
    if (this.#kept.length > 0 && this.#since < this.#looksPerStep) return
    this.#keep({ ...look, ...this.#highest })
  }

  /** undefined: nobody looked yet. */
  curve(): Curve | undefined {
    const [oldest] = this.#kept
    if (oldest === undefined || this.#newest === undefined) return undefined
    const { lastsMs, stepMs } = this.#length
    const toMs = this.#newest.atMs
    const fromMs = toMs - lastsMs
    const intervals = this.#intervals().filter(({ untilMs }) => untilMs > fromMs)
    return { fromMs, toMs, stepMs, beginsMs: oldest.atMs, intervals }
  }

  #keep(look: Look): void {
    this.#kept.push(look)
    if (this.#kept.length > keptMost(this.#length)) this.#kept.shift()
    this.#since = 0
    this.#highest = NO_LEVELS
  }

  /** A wall clock that was put back: what lies ahead of it now would be drawn beside what comes. */
  #forgetFuture(nowMs: number): void {
    while ((this.#kept.at(-1)?.atMs ?? -Infinity) >= nowMs) this.#kept.pop()
  }

  #intervals(): Interval[] {
    const looks = [...this.#kept]
    const newest = this.#newest
    if (newest !== undefined && newest.atMs > (looks.at(-1)?.atMs ?? newest.atMs))
      looks.push({ ...newest, ...this.#highest })
    return looks.slice(1).map((to, at) => {
      const from = looks[at] ?? to
      const stoodStill = to.atMs - from.atMs > STILL_STEPS * this.#length.stepMs
      return {
        fromMs: from.atMs,
        untilMs: to.atMs,
        did: stoodStill ? undefined : activityBetween(from, to),
      }
    })
  }
}

function higher(a: Levels, b: Levels): Levels {
  return {
    degradedTags: Math.max(a.degradedTags, b.degradedTags),
    rangeUsedMost: higherKnown(a.rangeUsedMost, b.rangeUsedMost),
  }
}

function higherKnown(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.max(a, b)
}

/** One more than the steps that fit: each has two ends. */
export function keptMost({ lastsMs, stepMs }: SpanLength): number {
  return Math.ceil(lastsMs / stepMs) + 1
}

/** A busy machine looks late, but not that late: its process was frozen, or asleep. */
const STILL_STEPS = 2.5

export function activityBetween(from: Look, to: Look): Activity {
  const seconds = Math.max(1, to.passedMs - from.passedMs) / 1000
  return {
    ids: (to.ids - from.ids) / seconds,
    requests: (to.requests - from.requests) / seconds,
    failures: (to.failures - from.failures) / seconds,
    p99: durationQuantile(0.99, from.durations, to.durations),
    degradedTags: to.degradedTags,
    rangeUsedMost: to.rangeUsedMost,
  }
}
