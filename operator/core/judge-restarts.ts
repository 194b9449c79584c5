import type { JudgedMetric } from './analysis-verdict.ts'
import { roughDuration } from './duration.ts'

/** What Kubernetes tells of a pod's container: how often it was started again, and when it ended last. */
export interface PodRestarts {
  readonly createdMs: number
  readonly restarts: number
  /** undefined: it never ended, or nobody knows when. */
  readonly lastEndMs?: number
}

/** From the beginning of the rollout until now. */
export interface RestartSpan {
  readonly sinceMs: number
  readonly nowMs: number
}

export interface RestartFinding {
  readonly metric: JudgedMetric
  /** For people, where it is a failure. */
  readonly note: string
}

/**
 * Whether a canary's pods restart too often. Crashes that are minutes apart end a rollout by its progress deadline; those
 * that are further apart leave every pod available at nearly every look. undefined: none restarted.
 */
export function judgeRestarts(
  canary: readonly PodRestarts[],
  stable: readonly PodRestarts[] | undefined,
  span: RestartSpan,
): RestartFinding | undefined {
  const own = countRestarts(canary, span)
  if (own.restarts === 0) return undefined
  const other = stable === undefined ? NONE : countRestarts(stable, span)
  const perHour = Math.max(
    USUAL_PER_HOUR,
    other.podHours === 0 ? 0 : (RATIO_TO_STABLE * other.restarts) / other.podHours,
  )
  const borne = Math.floor(BORNE + own.pods + perHour * own.podHours)
  const failed = own.restarts > borne
  const ofStable = stable === undefined ? '' : `; stable: ${other.restarts} in ${hours(other)}`
  return {
    metric: {
      name: 'restarts',
      canary: String(own.restarts),
      ...(stable === undefined ? {} : { stable: String(other.restarts) }),
      samples: 0,
      verdict: failed ? 'Fail' : 'Pass',
    },
    note: failed
      ? `restarts are ${own.restarts} in ${hours(own)} of ${own.pods} pods, above ${borne}${ofStable}`
      : '',
  }
}

/** Whatever the reason: a store that was late at the start. And one for each pod: its node was started again. */
const BORNE = 2
/** One for a pod in two days, the length of the default steps: longer holds see more of what befalls any pod. */
const USUAL_PER_HOUR = 1 / 48
/** What ails both revisions is not the canary's fault; chance makes one pod seem twice as restless as twenty. */
const RATIO_TO_STABLE = 2

interface Restarts {
  readonly pods: number
  readonly restarts: number
  /** Of all pods together. */
  readonly podHours: number
}

const NONE: Restarts = { pods: 0, restarts: 0, podHours: 0 }
const HOUR_MS = 3_600_000

function countRestarts(pods: readonly PodRestarts[], { sinceMs, nowMs }: RestartSpan): Restarts {
  let restarts = 0
  let podMs = 0
  for (const pod of pods) {
    podMs += Math.max(0, nowMs - Math.max(pod.createdMs, sinceMs))
    // Only the last end has a time. Of an older pod that ended since, all may have been since: that favours the canary.
    const isOld = pod.createdMs < sinceMs && pod.lastEndMs !== undefined && pod.lastEndMs < sinceMs
    if (!isOld) restarts += pod.restarts
  }
  return { pods: pods.length, restarts, podHours: podMs / HOUR_MS }
}

function hours({ podHours }: Restarts): string {
  return roughDuration(podHours * HOUR_MS)
}
