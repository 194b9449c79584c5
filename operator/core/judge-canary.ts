import {
  type JudgedMetric,
  type Judgement,
  type MetricBound,
  type Verdict,
  worst,
} from './analysis-verdict.ts'
import type { RestartFinding } from './judge-restarts.ts'

/** One metric of one revision. */
export interface MetricReading {
  /** Absent: the pods or the provider do not tell it. */
  readonly value?: number
  /** The value is the least that it can be: it lies above what the buckets can tell. */
  readonly atLeast?: boolean
  /** Where the value may really lie, when it rests on few requests. */
  readonly range?: { readonly low: number; readonly high: number }
  /** Requests behind it. */
  readonly samples: number
  /** Why it could not be had: the provider did not answer. */
  readonly error?: string
  /** Why the answer says nothing: what is asked for is wrong. */
  readonly unclear?: string
  /** The provider has no series of it, which is no wonder without requests, and no answer with them. */
  readonly unseen?: boolean
}

export interface MeasuredMetric {
  readonly bound: MetricBound
  readonly canary: MetricReading
  /** Absent when stable has no pods: nothing to compare with. */
  readonly stable?: MetricReading
}

export interface JudgedRevision {
  readonly canary: string
  readonly atMs: number
  readonly minSamples: number
  /** IDs that the canary handed out a second time. */
  readonly duplicates: number
  /** Of its pods, if one restarted. */
  readonly restarts?: RestartFinding | undefined
  /** The provider failed as a whole. */
  readonly error?: string
}

/** The verdict on a canary is the worst of its metrics; a doubled ID is beyond all limits. */
export function judgeCanary(about: JudgedRevision, measured: readonly MeasuredMetric[]): Judgement {
  const { canary, atMs, minSamples, duplicates, restarts, error } = about
  // What was seen of it otherwise counts also where the provider fails: pods that crash do not answer.
  const found = (error === undefined ? measured : []).map((metric) => ({
    metric,
    ...judgeMetric(metric, minSamples),
  }))
  const metrics = found.map(({ metric, verdict }) => print(metric, verdict))
  const notes = found.filter(({ verdict }) => verdict !== 'Pass').map(({ note }) => note)
  if (error !== undefined) notes.unshift(error)
  if (restarts !== undefined) {
    metrics.push(restarts.metric)
    if (restarts.metric.verdict !== 'Pass') notes.unshift(restarts.note)
  }
  if (duplicates > 0) {
    metrics.push({ name: 'duplicates', canary: String(duplicates), samples: duplicates, verdict: 'Fail' })
    notes.unshift(`${duplicates} IDs were handed out twice`)
  }
  return {
    canary,
    atMs,
    verdict: worst([
      ...metrics.map(({ verdict }) => verdict),
      ...(error === undefined ? [] : ['Error' as const]),
    ]),
    message: notes.join('; '),
    fatal: duplicates > 0,
    metrics,
  }
}

interface Finding {
  readonly verdict: Verdict
  readonly note: string
}

function judgeMetric(metric: MeasuredMetric, minSamples: number): Finding {
  const { bound, canary, stable } = metric
  const finding = (verdict: Verdict, why: string): Finding => ({ verdict, note: `${bound.name} ${why}` })
  const error = canary.error ?? stable?.error
  if (error !== undefined) return finding('Error', `cannot be had: ${error}`)
  const unclear = canary.unclear ?? stable?.unclear
  if (unclear !== undefined) return finding('Inconclusive', `says nothing: ${unclear}`)
  if (canary.samples < minSamples)
    return finding('NoData', `rests on ${canary.samples} requests, ${minSamples} are needed`)
  if (canary.unseen === true) return finding('Inconclusive', unseen(canary))
  const { value } = canary
  if (value === undefined) return finding('NoData', 'is not told by the pods')
  if (!Number.isFinite(value)) return finding('Inconclusive', `is ${value}, which is no value`)
  // A maximum that stable breaks as well says nothing about the canary, not even when it is the better one of the two.
  const isFair = !isAboveMax(bound, stable, minSamples)
  const ofMax = isFair ? judgeMax(bound, canary, value) : PASSED
  const ratio = bound.maxRatioToStable ?? (isFair ? undefined : RATIO_INSTEAD_OF_MAX)
  const ofRatio = judgeRatio(metric, value, ratio, minSamples)
  const verdict = worst([ofMax.verdict, ofRatio.verdict])
  return finding(verdict, (ofMax.verdict === verdict ? ofMax : ofRatio).note)
}

const PASSED: Finding = { verdict: 'Pass', note: '' }

/** Without a ratio of its own, a metric whose maximum is out of force must not pass whatever it is. */
const RATIO_INSTEAD_OF_MAX = 2

function isAboveMax({ max }: MetricBound, stable: MetricReading | undefined, minSamples: number): boolean {
  if (max === undefined || stable?.value === undefined || stable.samples < minSamples) return false
  return Number.isFinite(stable.value) && stable.value > max
}

/**
 * Milliseconds. A request out of memory lies unread for some of them where its node is busy, which the service tells since its
 * durations begin with that; calls 10 too slow.
 */
const QUICK_MS = 5

/** What chance alone may have done is no failure: more requests tell. */
function unproven({ samples }: MetricReading, note: string): Finding {
  return { verdict: 'NoData', note: `${note}, which ${samples} requests do not prove` }
}

/** As for a Prometheus that does not yet scrape the pods, or not as they want it: what nobody looks at must not pass. */
function unseen({ samples }: MetricReading): string {
  return `says nothing: the query gives no series, and the pods had ${samples} requests`
}

function judgeMax({ max }: MetricBound, canary: MetricReading, value: number): Finding {
  const { atLeast, range } = canary
  if (max === undefined) return PASSED
  if (value > max && range !== undefined && range.low <= max)
    return unproven(canary, `is ${round(value)}, above ${max}`)
  if (value > max) return { verdict: 'Fail', note: `is ${round(value)}, above ${max}` }
  if (atLeast !== true) return PASSED
  return { verdict: 'Inconclusive', note: `is at least ${round(value)}, and the buckets end below ${max}` }
}

function judgeRatio(
  { bound, canary, stable }: MeasuredMetric,
  value: number,
  ratio: number | undefined,
  minSamples: number,
): Finding {
  if (ratio === undefined || stable === undefined) return PASSED
  if (stable.unseen === true && stable.samples >= minSamples)
    return { verdict: 'Inconclusive', note: `of stable ${unseen(stable)}` }
  const other = stable.value
  if (other === undefined || stable.samples < minSamples)
    return {
      verdict: 'NoData',
      note: `of stable rests on ${stable.samples} requests, ${minSamples} are needed`,
    }
  if (!Number.isFinite(other))
    return { verdict: 'Inconclusive', note: `of stable is ${other}, which is no value` }
  // Nothing is a multiple of 0: then only the maximum can tell, where there is one.
  if (other === 0)
    return value === 0 || bound.max !== undefined
      ? PASSED
      : { verdict: 'Inconclusive', note: `is ${round(value)}, and 0 on stable; a max would decide` }
  // Below that two revisions differ by the nodes on which their pods happen to run.
  if (bound.name === 'p99Milliseconds' && value <= QUICK_MS) return PASSED
  if (stable.atLeast === true && value > other * ratio)
    return { verdict: 'Inconclusive', note: `of stable lies above what its buckets can tell` }
  if (value <= other * ratio)
    return canary.atLeast === true && stable.atLeast !== true
      ? { verdict: 'Inconclusive', note: `is at least ${round(value)}, more than its buckets can tell` }
      : PASSED
  const times = round(value / other)
  const note = `is ${round(value)}, ${times} times that of stable (${round(other)}), above ${ratio}`
  const isProven = (canary.range?.low ?? value) > (stable.range?.high ?? other) * ratio
  return isProven ? { verdict: 'Fail', note } : unproven(canary, note)
}

function print({ bound, canary, stable }: MeasuredMetric, verdict: Verdict): JudgedMetric {
  return {
    name: bound.name,
    ...(canary.value === undefined ? {} : { canary: round(canary.value) }),
    ...(stable?.value === undefined ? {} : { stable: round(stable.value) }),
    samples: canary.samples,
    verdict,
  }
}

/** Four digits are enough for people, and for equal text of equal findings. */
function round(value: number): string {
  return Number.isFinite(value) ? String(Number(value.toPrecision(4))) : String(value)
}
