import type { Judgement, Verdict } from './analysis-verdict.ts'
import type { AnalysisRequest } from './rollout-decision.ts'
import {
  activeRollout,
  change,
  podsOf,
  type RolloutDraft,
  rollBack,
  say,
  servingPods,
  shorten,
} from './rollout-draft.ts'
import type { AnalysisPhase, AnalysisProgress, AnalysisSample } from './rollout-status.ts'
import { parseTimestamp, printTimestamp } from './timestamp.ts'
import { mayRollBack } from './watch-pods.ts'

/** Takes in the newest judgement. It counts whatever the rollout waits for: a pause is no licence to fail. */
export function watchAnalysis(draft: RolloutDraft): void {
  const active = activeRollout(draft)
  if (active === undefined || !isJudged(draft)) return
  if (active.analysis === undefined) {
    if (servingPods(podsOf(draft, active.revision)) === 0) return
    change(draft, { analysis: { ...UNJUDGED, startedAt: printTimestamp(draft.snapshot.nowMs) } })
    return
  }
  const { judgement } = draft.snapshot
  if (judgement === undefined || !isNews(draft, active.analysis, judgement)) return
  const analysis = counted(active.analysis, judgement)
  change(draft, { analysis })
  const { failureLimit, errorLimit } = draft.snapshot.plan.analysis
  tell(draft, active.analysis.phase, analysis, judgement)
  if (!mayRollBack(draft)) return
  if (judgement.fatal || analysis.consecutiveFailures > failureLimit)
    rollBack(draft, 'AnalysisFailed', judgement.message)
  else if (analysis.consecutiveErrors > errorLimit)
    rollBack(draft, 'AnalysisError', `it could not be judged: ${judgement.message}`)
}

/** Whether the rollout is judged at all: a first revision has nothing beside it, and promote-full wants it now. */
export function isJudged(draft: RolloutDraft): boolean {
  const active = activeRollout(draft)
  return (
    active !== undefined &&
    draft.snapshot.plan.analysis.enabled &&
    draft.stable !== undefined &&
    active.promoteFull !== true
  )
}

const UNJUDGED = { phase: 'Waiting', consecutiveFailures: 0, consecutiveErrors: 0, samples: [] } as const

/** A judgement stays in the observer's memory and comes again; it counts once, and only for this rollout. */
function isNews(draft: RolloutDraft, analysis: AnalysisProgress, judgement: Judgement): boolean {
  const active = activeRollout(draft)
  return (
    judgement.canary === active?.revision &&
    judgement.atMs >= firstJudgementMs(draft, analysis) &&
    printTimestamp(judgement.atMs) !== analysis.samples.at(-1)?.at
  )
}

function firstJudgementMs({ snapshot }: RolloutDraft, { startedAt }: AnalysisProgress): number {
  return (parseTimestamp(startedAt) ?? snapshot.nowMs) + snapshot.plan.analysis.initialDelayMs
}

const PHASES: Readonly<Record<Verdict, AnalysisPhase>> = {
  Pass: 'Passing',
  NoData: 'NoData',
  Inconclusive: 'Inconclusive',
  Error: 'Error',
  Fail: 'Failing',
}

function counted(before: AnalysisProgress, { verdict, message, atMs, metrics }: Judgement): AnalysisProgress {
  const sample: AnalysisSample = {
    at: printTimestamp(atMs),
    verdict,
    ...(message === '' ? {} : { message: shorten(message) }),
    metrics,
  }
  const { consecutiveFailures: failures, consecutiveErrors: errors } = before
  return {
    phase: PHASES[verdict],
    startedAt: before.startedAt,
    // Only a pass ends a row of failures: a canary that failed and then got no requests is not well.
    consecutiveFailures: verdict === 'Fail' ? failures + 1 : verdict === 'Pass' ? 0 : failures,
    consecutiveErrors: verdict === 'Error' ? errors + 1 : 0,
    samples: withSample(before.samples, sample),
  }
}

const SAMPLES_MAX = 10

/** An idle night would push out every judgement that says something. */
function withSample(samples: readonly AnalysisSample[], sample: AnalysisSample): AnalysisSample[] {
  const repeats = sample.verdict === 'NoData' && samples.at(-1)?.verdict === 'NoData'
  return [...(repeats ? samples.slice(0, -1) : samples), sample].slice(-SAMPLES_MAX)
}

function tell(
  draft: RolloutDraft,
  before: AnalysisPhase,
  { phase, consecutiveFailures, consecutiveErrors }: AnalysisProgress,
  { canary, message }: Judgement,
): void {
  const { failureLimit, errorLimit } = draft.snapshot.plan.analysis
  if (phase === 'Failing') {
    const count = `failure ${consecutiveFailures} in a row, ${failureLimit} are borne`
    say(draft, 'Warning', 'AnalysisFailed', `Revision ${canary}: ${message} (${count}).`)
  } else if (phase === 'Inconclusive' && phase !== before) {
    const then = 'The step waits for a clear judgement.'
    say(draft, 'Warning', 'AnalysisInconclusive', `Revision ${canary}: ${message}. ${then}`)
  } else if (phase === 'Error' && phase !== before) {
    const count = `${consecutiveErrors} in a row, ${errorLimit} are borne`
    say(draft, 'Warning', 'AnalysisError', `Revision ${canary} cannot be judged: ${message} (${count}).`)
  }
}

/** Why the step may not end yet as far as judgements go; undefined when it may. */
export function analysisHolds(draft: RolloutDraft): { pauses: boolean; message: string } | undefined {
  const active = activeRollout(draft)
  if (active === undefined || !isJudged(draft)) return undefined
  const since = parseTimestamp(active.stepStartedAt ?? '')
  const ofStep = (active.analysis?.samples ?? []).filter(
    ({ at }) => since !== undefined && (parseTimestamp(at) ?? 0) >= since,
  )
  const last = ofStep.at(-1)
  if (last === undefined)
    return { pauses: false, message: 'the first judgement of this step is still to come' }
  const why = last.message ?? ''
  if ((active.analysis?.consecutiveFailures ?? 0) > 0)
    return { pauses: true, message: `a judgement failed and none has passed since: ${why}` }
  if (last.verdict === 'NoData') {
    const clear = ofStep.findLast(({ verdict }) => verdict !== 'NoData')
    // Too few requests are no clear judgement either, and an unclear one waits for that.
    if (clear?.verdict === 'Inconclusive')
      return {
        pauses: true,
        message: `the last judgement that had enough requests is unclear: ${clear.message ?? ''}`,
      }
    const hadData = ofStep.some(({ verdict }) => verdict === 'Pass')
    if (hadData || draft.snapshot.plan.analysis.onNoData === 'Proceed') return undefined
    return { pauses: true, message: `there are not enough requests for a judgement: ${why}` }
  }
  return last.verdict === 'Pass' ? undefined : { pauses: true, message: why }
}

/** What reconcile is to look at. */
export function analysisRequest(draft: RolloutDraft): AnalysisRequest | undefined {
  const active = activeRollout(draft)
  if (active?.analysis === undefined || !isJudged(draft)) return undefined
  const stable = podsOf(draft, draft.stable)
  const last = parseTimestamp(active.analysis.samples.at(-1)?.at ?? '')
  const first = firstJudgementMs(draft, active.analysis)
  return {
    canary: active.revision,
    stable: servingPods(stable) > 0 ? draft.stable : undefined,
    sinceMs: parseTimestamp(active.startedAt) ?? draft.snapshot.nowMs,
    dueAtMs: last === undefined ? first : Math.max(first, last + draft.snapshot.plan.analysis.intervalMs),
  }
}
