import type { IdGeneratorStatus } from '../api/generated/id-generator.ts'
import type {
  AnalysisProgress,
  AnalysisSample,
  BlockedRevision,
  RolloutProgress,
  RolloutStatus,
} from './rollout-status.ts'

/**
 * The rollout's part of a status as the API server gives it out, where every field may be missing: people edit it, and
 * another version of the operator wrote it. What lacks the fields that a decision rests on counts as absent, so that
 * the worst is a rollout that begins anew beside an unchanged stable revision.
 */
export function readRolloutStatus(status: IdGeneratorStatus = {}): RolloutStatus {
  const { stableRevision, canaryRevision, takenCommands } = status
  const rollout = readProgress(status.rollout)
  const blocked = (status.blockedRevisions ?? []).map(readBlocked)
  return {
    ...(stableRevision === undefined ? {} : { stableRevision }),
    ...(canaryRevision === undefined ? {} : { canaryRevision }),
    ...(rollout === undefined ? {} : { rollout }),
    ...(blocked.length === 0 ? {} : { blockedRevisions: blocked }),
    ...(takenCommands === undefined || takenCommands.length === 0 ? {} : { takenCommands }),
  }
}

type Found<K extends keyof IdGeneratorStatus> = NonNullable<IdGeneratorStatus[K]>

function readProgress(found: IdGeneratorStatus['rollout']): RolloutProgress | undefined {
  if (found === undefined) return undefined
  const { revision, state, startedAt, stepIndex, stepsHash, desiredWeight } = found
  if (
    revision === undefined ||
    state === undefined ||
    startedAt === undefined ||
    stepIndex === undefined ||
    stepsHash === undefined ||
    desiredWeight === undefined
  )
    return undefined
  const { finishedAt, stepStartedAt, stepPromoted, promoteFull, pause } = found
  const { since, wanted = 0, available = 0, falls = 0 } = found.waiting ?? {}
  const analysis = readAnalysis(found.analysis)
  return {
    revision,
    state,
    startedAt,
    stepIndex: Math.max(0, stepIndex),
    stepCount: found.stepCount ?? stepIndex + 1,
    stepsHash,
    desiredWeight,
    actualWeight: found.actualWeight ?? 0,
    message: found.message ?? '',
    ...(finishedAt === undefined ? {} : { finishedAt }),
    ...(stepStartedAt === undefined ? {} : { stepStartedAt }),
    ...(stepPromoted === undefined ? {} : { stepPromoted }),
    ...(promoteFull === undefined ? {} : { promoteFull }),
    ...(since === undefined ? {} : { waiting: { since, wanted, available, falls } }),
    ...(pause?.reason === undefined || pause.since === undefined
      ? {}
      : { pause: { ...pause, reason: pause.reason, since: pause.since } }),
    ...(analysis === undefined ? {} : { analysis }),
  }
}

type FoundAnalysis = NonNullable<Found<'rollout'>['analysis']>

function readAnalysis(found: FoundAnalysis | undefined): AnalysisProgress | undefined {
  if (found?.startedAt === undefined) return undefined
  return {
    phase: found.phase ?? 'Waiting',
    startedAt: found.startedAt,
    consecutiveFailures: found.consecutiveFailures ?? 0,
    consecutiveErrors: found.consecutiveErrors ?? 0,
    samples: (found.samples ?? []).flatMap(readSample),
  }
}

function readSample({
  at,
  verdict,
  message,
  metrics,
}: NonNullable<FoundAnalysis['samples']>[number]): AnalysisSample[] {
  if (at === undefined || verdict === undefined) return []
  return [
    {
      at,
      verdict,
      ...(message === undefined ? {} : { message }),
      metrics: (metrics ?? []).map((metric) => ({
        ...metric,
        name: metric.name ?? '',
        samples: metric.samples ?? 0,
        verdict: metric.verdict ?? verdict,
      })),
    },
  ]
}

function readBlocked({ revision, reason, message, at }: Found<'blockedRevisions'>[number]): BlockedRevision {
  const known = BLOCK_REASONS.find((one) => one === reason)
  return { revision, reason: known ?? 'Aborted', message: message ?? '', at: at ?? '' }
}

const BLOCK_REASONS = ['AnalysisFailed', 'AnalysisError', 'ProgressDeadlineExceeded', 'Aborted'] as const
