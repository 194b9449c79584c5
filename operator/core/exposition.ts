/** What the metrics of one pod say about the requests it answered, since its process started. */
export interface PodCounters {
  /** Unix seconds; tells a restart from a counter that lost a series. */
  readonly processStart?: number
  /** Requests answered with IDs. */
  readonly answered?: number
  readonly failed?: number
  /** Answered by another algorithm than the tag's first. */
  readonly degraded?: number
  readonly duplicates?: number
  /** Requests that took at most so many seconds, by the bound. */
  readonly durations?: ReadonlyMap<number, number>
}

/** The families that are read; everything else in the text is passed over. */
export const FAMILIES = {
  processStart: 'process_start_time_seconds',
  answered: 'idgen_generate_requests_total',
  failed: 'idgen_generate_failures_total',
  degraded: 'idgen_generate_degraded_total',
  duplicates: 'idgen_duplicate_ids_total',
} as const
export const DURATIONS = 'idgen_generate_duration_seconds_bucket'

/** A pod with a thousand tags prints half a megabyte; beyond this somebody else answers on that port. */
const TEXT_MAX = 16 * 1024 * 1024

/**
 * Reads the few families it needs from a Prometheus text exposition, each summed over its labels. Tolerant: a line it
 * cannot read is left out, for the text comes from a version of the service that may be newer or broken.
 * @throws an Error when the text is too long, or no exposition at all.
 */
export function readExposition(text: string): PodCounters {
  if (text.length > TEXT_MAX)
    throw new Error(`the metrics are ${text.length} characters long, more than ${TEXT_MAX}`)
  const sums = new Map<string, number>()
  const durations = new Map<number, number>()
  let samples = 0
  for (const line of text.split('\n')) {
    const sample = readSample(line)
    if (sample === undefined) continue
    samples += 1
    const { name, labels, value } = sample
    if (name !== DURATIONS) {
      if (WANTED.has(name) && Number.isFinite(value)) sums.set(name, (sums.get(name) ?? 0) + value)
      continue
    }
    const bound = readNumber(readLabel(labels, 'le') ?? '')
    if (!Number.isNaN(bound) && Number.isFinite(value))
      durations.set(bound, (durations.get(bound) ?? 0) + value)
  }
  if (samples === 0) throw new Error(`no metrics in an answer of ${text.length} characters`)
  return {
    ...Object.fromEntries(
      Object.entries(FAMILIES).flatMap(([field, family]) => {
        const sum = sums.get(family)
        return sum === undefined ? [] : [[field, sum]]
      }),
    ),
    ...(durations.size === 0 ? {} : { durations }),
  }
}

const WANTED: ReadonlySet<string> = new Set(Object.values(FAMILIES))

interface Sample {
  readonly name: string
  readonly labels: string
  readonly value: number
}

/** name{labels} value [time]; a label value may contain anything, escaped quotes and braces too. */
const SAMPLE =
  /^\s*([a-zA-Z_:][\w:]*)\s*(?:\{((?:[^"{}]|"(?:[^"\\]|\\.)*")*)\})?\s+(\S+)(?:\s+-?\d+(?:\.\d+)?)?\s*$/

function readSample(line: string): Sample | undefined {
  if (line === '' || line.startsWith('#')) return undefined
  const match = SAMPLE.exec(line)
  if (match === null) return undefined
  const value = readNumber(match[3] ?? '')
  return Number.isNaN(value) && match[3] !== 'NaN'
    ? undefined
    : { name: match[1] ?? '', labels: match[2] ?? '', value }
}

function readLabel(labels: string, wanted: string): string | undefined {
  for (const [, name, value] of labels.matchAll(/([a-zA-Z_]\w*)\s*=\s*"((?:[^"\\]|\\.)*)"/g))
    if (name === wanted) return value
  return undefined
}

function readNumber(text: string): number {
  if (text === '+Inf' || text === 'Inf') return Number.POSITIVE_INFINITY
  if (text === '-Inf') return Number.NEGATIVE_INFINITY
  return /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text) ? Number(text) : Number.NaN
}
