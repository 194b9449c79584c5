import type { MetricSource, TracedHistogram } from './adapters/telemetry/prometheus-metrics.ts'
import { ISSUING_PROTOCOLS } from './app/protocol-counts.ts'
import type { UseCases } from './app/use-cases.ts'
import { DURATION_BOUNDS } from './core/duration-histogram.ts'
import type { OpenTracing } from './open-tracing.ts'
import { tagDurationSource } from './tag-durations.ts'
import { BusiestTags } from './tag-metrics.ts'

const DURATIONS = 'idgen_generate_duration_seconds'

/** Calls that were traced, beside how long calls waited. */
export function tracedDurations(tracing: OpenTracing | undefined): TracedHistogram | undefined {
  return tracing && { histogram: DURATIONS, read: () => tracing.examples.read() }
}

/** How long requests for IDs took: of all, by protocol, and by tag for the `tagsTimed` busiest of the busiest. */
export function durationSources(
  { generate, answerTimes }: Pick<UseCases, 'generate' | 'answerTimes'>,
  busiest: BusiestTags,
  tagsTimed: number,
): MetricSource[] {
  // Out of those that were found already: to look for them among 100,000 tags takes milliseconds.
  const timed = { busiest: new BusiestTags({ all: () => busiest.named() }, tagsTimed), generate }
  return [
    {
      name: DURATIONS,
      help: 'Time until the IDs of a request were there, or it failed; where they are in memory: how late the thread was that reads it, else 0',
      kind: 'histogram',
      labels: [],
      bounds: DURATION_BOUNDS,
      read: (set) => set([], answerTimes.all()),
    },
    {
      name: 'idgen_protocol_duration_seconds',
      help: 'As idgen_generate_duration_seconds, by protocol',
      kind: 'histogram',
      labels: ['protocol'],
      bounds: DURATION_BOUNDS,
      read: (set) => {
        for (const protocol of ISSUING_PROTOCOLS) set([protocol], answerTimes.of(protocol))
      },
    },
    ...(tagsTimed === 0 ? [] : [tagDurationSource(timed)]),
  ]
}
