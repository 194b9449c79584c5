import type { IdGenerator } from '../api/kinds.ts'
import type { Judgement } from '../core/analysis-verdict.ts'
import type { AnalysisRequest } from '../core/rollout-decision.ts'
import type { KnownRevision } from './known-revisions.ts'

/** A canary that is to be judged, and the pods to look at. */
export interface WatchedCanary {
  readonly generator: IdGenerator
  readonly request: AnalysisRequest
  readonly known: ReadonlyMap<string, KnownRevision>
  /** The authorities of all certificates that pods have, PEM; undefined: public ones alone. */
  readonly ca: string | undefined
}

/** Judges canaries beside the reconciles, which must not wait for pods that do not answer. */
export interface CanaryWatch {
  /** Says what is to be judged now; undefined: nothing, and what was seen is forgotten. */
  watch(key: string, canary: WatchedCanary | undefined): void
  /** The newest judgement. */
  latest(key: string): Judgement | undefined
}
