/** How good a judgement or one metric of it is, best first; the worst of its metrics is that of the judgement. */
export const VERDICTS = ['Pass', 'NoData', 'Inconclusive', 'Error', 'Fail'] as const
export type Verdict = (typeof VERDICTS)[number]

export type AnalysisProvider = 'Scrape' | 'Prometheus'

/** What a metric may be at most. At least one of the two is set. */
export interface MetricBound {
  /** errorRate, p99Milliseconds, degradedShare, or any name with a query. */
  readonly name: string
  /** For Prometheus: a query; $revision and $namespace are filled in. */
  readonly query?: string
  readonly max?: number
  readonly maxRatioToStable?: number
}

/** One look at the canary, beside stable. */
export interface Judgement {
  /** Which rollout it is about; a judgement of another pair is dropped. */
  readonly canary: string
  readonly atMs: number
  readonly verdict: Verdict
  /** Why it is not Pass, for people. */
  readonly message: string
  /** One such is enough to roll back, whatever the limits say: a doubled ID. */
  readonly fatal: boolean
  readonly metrics: readonly JudgedMetric[]
}

export interface JudgedMetric {
  readonly name: string
  /** Decimal text, or absent when there is no value. */
  readonly canary?: string
  readonly stable?: string
  /** Requests of the canary behind the value. */
  readonly samples: number
  readonly verdict: Verdict
}

export function worst(verdicts: readonly Verdict[]): Verdict {
  return VERDICTS[Math.max(0, ...verdicts.map((verdict) => VERDICTS.indexOf(verdict)))] ?? 'Error'
}
