import type { MetricSource } from './adapters/telemetry/prometheus-metrics.ts'
import type { GenerateIds } from './app/generate-ids.ts'
import { OTHER_TAGS } from './app/issue-ledger.ts'
import type { LiveTag } from './app/live-tag.ts'
import type { TagDirectory } from './app/tag-directory.ts'
import { ALGORITHMS, type AlgorithmName } from './core/algorithm.ts'
import { oncePerTurn } from './plain-metrics.ts'

/** A label per tag beyond this many would make every scrape megabytes. */
const TAGS_LABELLED_MAX = 1000

/** The tags with the most requests so far: they have series of their own. */
export class BusiestTags {
  /** The same for all that one scrape reads. */
  readonly named: () => ReadonlySet<LiveTag>
  readonly #directory: Pick<TagDirectory, 'all'>
  readonly #max: number

  constructor(directory: Pick<TagDirectory, 'all'>, max = TAGS_LABELLED_MAX) {
    this.#directory = directory
    this.#max = max
    this.named = oncePerTurn(() => this.#choose([...this.all()]))
  }

  all(): Iterable<LiveTag> {
    return this.#directory.all()
  }

  /** Which is the last one is found among plain numbers: to sort 100,000 tags would hold up calls. */
  #choose(tags: readonly LiveTag[]): ReadonlySet<LiveTag> {
    if (tags.length <= this.#max) return new Set(tags)
    const requests = Float64Array.from(tags, requestsOf)
    const least = requests.toSorted()[tags.length - this.#max] ?? 0
    const chosen = new Set(tags.filter((_, i) => (requests[i] ?? 0) > least))
    for (const [i, tag] of tags.entries()) {
      if (chosen.size >= this.#max) break
      if (requests[i] === least) chosen.add(tag)
    }
    return chosen
  }
}

/** What tags served: the busiest by their names, the rest together. */
export function servedSource(
  name: string,
  help: string,
  field: 'requests' | 'ids',
  from: { readonly busiest: BusiestTags; readonly generate: Pick<GenerateIds, 'served'> },
): MetricSource {
  const counts = new CountsOfTags(from.busiest, from.generate, field)
  return { name, help, kind: 'counter', labels: ['tag', 'algorithm'], read: (set) => counts.read(set) }
}

/**
 * A counter whose series never become less while the busiest change places: a fall is read as a restart, and what stands
 * after it as new. So a tag that comes among them begins at 0, with what it had staying in `_other`; of one that
 * leaves, what it had leaves with its series, and `_other` takes what comes later.
 */
class CountsOfTags {
  readonly #busiest: BusiestTags
  readonly #generate: Pick<GenerateIds, 'served'>
  readonly #field: 'requests' | 'ids'
  readonly #shown = new Map<LiveTag, Shown>()
  /** Those whose counts are in `_other` already. */
  readonly #inOther = new WeakSet<LiveTag>()
  /** What series had that were shown once. */
  readonly #left = zeros()

  constructor(busiest: BusiestTags, generate: Pick<GenerateIds, 'served'>, field: 'requests' | 'ids') {
    this.#busiest = busiest
    this.#generate = generate
    this.#field = field
  }

  read(set: (labelValues: readonly string[], value: number) => void): void {
    const named = this.#busiest.named()
    for (const [tag, shown] of this.#shown) if (!named.has(tag)) this.#leave(tag, shown)
    for (const tag of this.#busiest.all())
      if (!named.has(tag)) this.#inOther.add(tag)
      else if (!this.#shown.has(tag)) this.#come(tag)
    for (const algorithm of ALGORITHMS) {
      let rest = this.#generate.served[algorithm][this.#field] - this.#left[algorithm]
      for (const [tag, { base, counts }] of this.#shown) {
        const total = tag.served[algorithm][this.#field]
        counts[algorithm] = total - base[algorithm]
        rest -= counts[algorithm]
        if (total > 0) set([tag.path, algorithm], counts[algorithm])
      }
      if (rest > 0) set([OTHER_TAGS, algorithm], rest)
    }
  }

  #come(tag: LiveTag): void {
    const base = zeros()
    if (this.#inOther.has(tag))
      for (const algorithm of ALGORITHMS) base[algorithm] = tag.served[algorithm][this.#field]
    this.#shown.set(tag, { base, counts: zeros() })
  }

  #leave(tag: LiveTag, { counts }: Shown): void {
    this.#shown.delete(tag)
    this.#inOther.add(tag)
    for (const algorithm of ALGORITHMS) this.#left[algorithm] += counts[algorithm]
  }
}

interface Shown {
  /** What it had when it came. */
  readonly base: Counts
  /** As it was shown last. */
  readonly counts: Counts
}

type Counts = Record<AlgorithmName, number>

function zeros(): Counts {
  return { segment: 0, snowflake: 0, 'uuid-v7': 0, 'uuid-v4': 0 }
}

/** A gauge of the busiest tags; a sum over the others would say nothing. */
export function ofEachTag(
  busiest: BusiestTags,
  name: string,
  help: string,
  value: (tag: LiveTag) => number | undefined,
): MetricSource {
  return {
    name,
    help,
    kind: 'gauge',
    labels: ['tag'],
    read: (set) => {
      for (const tag of busiest.named()) {
        const found = value(tag)
        if (found !== undefined) set([tag.path], found)
      }
    },
  }
}

/** Requests that the tag answered, by whatever algorithm. */
export function requestsOf({ served }: LiveTag): number {
  return ALGORITHMS.reduce((sum, algorithm) => sum + served[algorithm].requests, 0)
}
