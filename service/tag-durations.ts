import type { MetricSource } from './adapters/telemetry/prometheus-metrics.ts'
import type { GenerateIds } from './app/generate-ids.ts'
import { OTHER_TAGS } from './app/issue-ledger.ts'
import type { LiveTag } from './app/live-tag.ts'
import { DURATION_BOUNDS, type DurationCounts, mergedCounts } from './core/duration-histogram.ts'
import { TAG_DURATION_BOUNDS, TagWaits } from './core/tag-waits.ts'
import { type BusiestTags, requestsOf } from './tag-metrics.ts'

export interface TimedTags {
  /** As many as have series of their own (server.metrics.tagDurations). */
  readonly busiest: BusiestTags
  /** What all tags together waited. */
  readonly generate: Pick<GenerateIds, 'durations'>
}

/** How long requests for IDs of the busiest tags took, by their names; those of the others together. */
export function tagDurationSource(timed: TimedTags): MetricSource {
  const durations = new DurationsOfTags(timed)
  return {
    name: 'idgen_tag_duration_seconds',
    help: 'Time that requests waited for a grant, of each of the busiest tags (server.metrics.tagDurations) and of the others together',
    kind: 'histogram',
    labels: ['tag'],
    bounds: TAG_DURATION_BOUNDS,
    read: (set) => durations.read(set),
  }
}

/**
 * A tag is timed by itself while it is among the busiest of the last scrape, so that no more is kept than is told. Its series begin
 * at 0, and what it had stays in `_other`: as of the counters of tags, no series ever becomes less.
 */
class DurationsOfTags {
  readonly #timed: TimedTags
  readonly #shown = new Map<LiveTag, TagWaits>()
  /** What series had that were shown once. */
  #left = NOTHING
  /** As they were shown last. */
  readonly #last = new Map<LiveTag, DurationCounts>()
  #lastOther = NOTHING

  constructor(timed: TimedTags) {
    this.#timed = timed
  }

  read(set: (labelValues: readonly string[], counts: DurationCounts) => void): void {
    const named = this.#timed.busiest.named()
    for (const tag of this.#shown.keys()) if (!named.has(tag)) this.#leave(tag)
    for (const tag of named) if (!this.#shown.has(tag)) this.#come(tag)
    let rest = minus(inTagClasses(this.#timed.generate.durations), this.#left)
    for (const [tag, waits] of this.#shown) {
      const counts = waits.counts(requestsOf(tag))
      this.#last.set(tag, counts)
      rest = minus(rest, counts)
      set([tag.path], counts)
    }
    // What a thread counted of a tag may come a scrape earlier than what it counted of all.
    this.#lastOther = mergedCounts(rest, this.#lastOther, Math.max)
    if (this.#lastOther.count > 0) set([OTHER_TAGS], this.#lastOther)
  }

  #come(tag: LiveTag): void {
    const waits = new TagWaits(requestsOf(tag))
    tag.waits = waits
    this.#shown.set(tag, waits)
  }

  /** With what it had when it was shown last: what came since is counted with the others. */
  #leave(tag: LiveTag): void {
    tag.waits = undefined
    this.#left = mergedCounts(this.#left, this.#last.get(tag) ?? NOTHING, (a, b) => a + b)
    this.#shown.delete(tag)
    this.#last.delete(tag)
  }
}

const NOTHING: DurationCounts = { atMost: TAG_DURATION_BOUNDS.map(() => 0), count: 0, sumSeconds: 0 }
const PLACES = TAG_DURATION_BOUNDS.map((bound) => DURATION_BOUNDS.indexOf(bound))

function inTagClasses({ atMost, count, sumSeconds }: DurationCounts): DurationCounts {
  return { atMost: PLACES.map((at) => atMost[at] ?? 0), count, sumSeconds }
}

function minus(all: DurationCounts, some: DurationCounts): DurationCounts {
  return mergedCounts(all, some, (a, b) => a - b)
}
