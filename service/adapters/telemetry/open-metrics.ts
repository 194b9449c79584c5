import { DURATION_BOUNDS } from '../../core/duration-histogram.ts'
import type { TraceExample } from '../../core/trace-examples.ts'

export const OPEN_METRICS = 'application/openmetrics-text; version=1.0.0; charset=utf-8'

/**
 * The same metrics as OpenMetrics has them, which knows examples of traces. By hand: the library renames the metrics
 * themselves for it, so that whoever asks for the other format then gets other names.
 */
export function openMetrics(
  text: string,
  histogram: string,
  examples: readonly (TraceExample | undefined)[],
): string {
  const plain = text
    // A counter is named without the end that its samples have.
    .replace(/^(# (?:HELP|TYPE) \S+?)_total /gm, '$1 ')
    .replace(/^# HELP .*"/gm, (help) => help.replaceAll('"', String.raw`\"`))
    .replaceAll(/\n{2,}/g, '\n')
  return `${withExamples(plain, histogram, examples)}# EOF\n`
}

function withExamples(
  text: string,
  histogram: string,
  examples: readonly (TraceExample | undefined)[],
): string {
  const byBound = new Map<string, TraceExample>()
  for (const [at, example] of examples.entries())
    if (example !== undefined) byBound.set(String(DURATION_BOUNDS[at] ?? '+Inf'), example)
  if (byBound.size === 0) return text
  const bucket = new RegExp(String.raw`^${histogram}_bucket\{le="([^"]+)"\} \S+$`, 'gm')
  return text.replace(bucket, (line, bound: string) => {
    const example = byBound.get(bound)
    return example === undefined ? line : `${line} # ${exemplar(example)}`
  })
}

function exemplar({ traceId, spanId, seconds, atMs }: TraceExample): string {
  return `{trace_id="${traceId}",span_id="${spanId}"} ${seconds} ${(atMs / 1000).toFixed(3)}`
}
