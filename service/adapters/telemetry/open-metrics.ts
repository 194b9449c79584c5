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
  // Not with ^ and $ of a regular expression: they also match at other line breaks, which a label may hold.
  const lines = text.split('\n').filter((line) => line !== '')
  const counters = countersOf(lines)
  const plain = lines.map((line) => (line.startsWith('# ') ? withoutEnd(escaped(line), counters) : line))
  return [...withExamples(plain, histogram, examples), '# EOF', ''].join('\n')
}

/** Names of those that are counters: a gauge keeps its name, whatever that ends in. */
function countersOf(lines: readonly string[]): ReadonlySet<string> {
  return new Set(lines.flatMap((line) => /^# TYPE (\S+) counter$/.exec(line)?.[1] ?? []))
}

/** A counter is named without the end that its samples have. */
function withoutEnd(line: string, counters: ReadonlySet<string>): string {
  const [sign, what, name = '', ...rest] = line.split(' ')
  return counters.has(name) ? [sign, what, name.replace(/_total$/, ''), ...rest].join(' ') : line
}

function escaped(line: string): string {
  return line.startsWith('# HELP ') ? line.replaceAll('"', String.raw`\"`) : line
}

function withExamples(
  lines: readonly string[],
  histogram: string,
  examples: readonly (TraceExample | undefined)[],
): readonly string[] {
  const byBound = new Map<string, TraceExample>()
  for (const [at, example] of examples.entries())
    if (example !== undefined) byBound.set(String(DURATION_BOUNDS[at] ?? '+Inf'), example)
  if (byBound.size === 0) return lines
  const bucket = new RegExp(String.raw`^${histogram}_bucket\{le="([^"]+)"\} \S+$`)
  return lines.map((line) => {
    const example = byBound.get(bucket.exec(line)?.[1] ?? '')
    return example === undefined ? line : `${line} # ${exemplar(example)}`
  })
}

function exemplar({ traceId, spanId, seconds, atMs }: TraceExample): string {
  return `{trace_id="${traceId}",span_id="${spanId}"} ${seconds} ${(atMs / 1000).toFixed(3)}`
}
