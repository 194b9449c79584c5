import type { MetricSource } from './adapters/telemetry/prometheus-metrics.ts'
import type { LiveTag } from './app/live-tag.ts'
import type { TagDirectory } from './app/tag-directory.ts'
import { ALGORITHMS } from './core/algorithm.ts'

/** A label per tag beyond this many would make every scrape megabytes. */
const TAGS_LABELLED_MAX = 1000
/** No path of a tag: those have two slashes. */
export const OTHER_TAGS = '_other'

type Set = (labelValues: readonly string[], value: number) => void

/** What tags issued: the busiest by their names, the rest together. */
export function readServed(directory: TagDirectory, field: 'requests' | 'ids', set: Set): void {
  const rest = new Map<string, number>()
  const named = busiest([...directory.all()])
  for (const tag of directory.all())
    for (const algorithm of ALGORITHMS) {
      const value = tag.served[algorithm][field]
      if (value === 0) continue
      if (named.has(tag)) set([tag.path, algorithm], value)
      else rest.set(algorithm, (rest.get(algorithm) ?? 0) + value)
    }
  for (const [algorithm, value] of rest) set([OTHER_TAGS, algorithm], value)
}

/** A gauge of the busiest tags; a sum over the others would say nothing. */
export function ofEachTag(
  directory: TagDirectory,
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
      for (const tag of busiest([...directory.all()])) {
        const found = value(tag)
        if (found !== undefined) set([tag.path], found)
      }
    },
  }
}

/**
 * Those with the most requests so far. A tag may come among them later than another leaves; a counter that begins
 * again at a high number is read as a restart, so a rate never goes below zero.
 */
function busiest(tags: readonly LiveTag[]): ReadonlySet<LiveTag> {
  if (tags.length <= TAGS_LABELLED_MAX) return new Set(tags)
  const byRequests = tags.toSorted((a, b) => requestsOf(b) - requestsOf(a))
  return new Set(byRequests.slice(0, TAGS_LABELLED_MAX))
}

function requestsOf({ served }: LiveTag): number {
  return ALGORITHMS.reduce((sum, algorithm) => sum + served[algorithm].requests, 0)
}
