import type { Clock } from '../ports/clock.ts'
import {
  type Activity,
  activityBetween,
  type Curve,
  FigureSpan,
  type Look,
  type SpanLength,
} from './figure-span.ts'
import type { Figures } from './live-figures.ts'
import { Repeat } from './repeat.ts'

/** How far back charts go, the shortest first. */
export const SPAN_NAMES = ['5m', '1h', '6h', '24h'] as const
export type SpanName = (typeof SPAN_NAMES)[number]

const LOOK_EVERY_MS = 2000
/** About as many points as a chart on a phone has room for; longer than a day is for Prometheus. */
export const SPAN_LENGTHS: Readonly<Record<SpanName, SpanLength>> = {
  '5m': { lastsMs: 300_000, stepMs: LOOK_EVERY_MS },
  '1h': { lastsMs: 3_600_000, stepMs: 30_000 },
  '6h': { lastsMs: 21_600_000, stepMs: 180_000 },
  '24h': { lastsMs: 86_400_000, stepMs: 720_000 },
}

/**
 * The figures of this process over the last day, for charts: a look every two seconds while it runs, and none on the path of
 * an ID. Longer spans keep one look a step, so that all of them together are at most 514 (151 + 3 × 121) of half a kilobyte each,
 * most of it the twelve classes of response times: 260 kB.
 */
export class FigureHistory {
  readonly #read: () => Figures
  readonly #clock: Clock
  readonly #spans: Readonly<Record<SpanName, FigureSpan>>
  readonly #repeat: Repeat

  constructor(read: () => Figures, clock: Clock) {
    this.#read = read
    this.#clock = clock
    const span = (name: SpanName): FigureSpan => new FigureSpan(SPAN_LENGTHS[name], LOOK_EVERY_MS)
    this.#spans = { '5m': span('5m'), '1h': span('1h'), '6h': span('6h'), '24h': span('24h') }
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

  /** undefined: not started. */
  curve(name: SpanName): Curve | undefined {
    return this.#spans[name].curve()
  }

  /** The last five minutes until now, as one. */
  whole(): Activity | undefined {
    const { oldest } = this.#spans['5m']
    return oldest && activityBetween(oldest, this.#lookOf(this.now()))
  }

  #look(): void {
    const look = this.#lookOf(this.#read())
    for (const name of SPAN_NAMES) this.#spans[name].add(look)
  }

  #lookOf({ atMs, ids, requests, failures, durations, degradedTags, rangeUsedMost }: Figures): Look {
    const passedMs = this.#clock.monotonicMs()
    return { atMs, passedMs, ids, requests, failures, durations, degradedTags, rangeUsedMost }
  }
}
