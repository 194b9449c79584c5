import { ANNOTATIONS } from '../api/marks.ts'
import { parseTimestamp } from '../core/timestamp.ts'
import { doubled } from '../runtime/back-off.ts'
import type { Job } from './kube-kinds.ts'

export interface MigrationFacts {
  /** spec.database.migrate */
  readonly wanted: boolean
  readonly revision: string
  /** status.migratedRevision */
  readonly migratedRevision: string | undefined
  /** Its pods were allowed to start once, so its migrations had run. */
  readonly hasDeployment: boolean
  /** Whether all Secrets are there that the Job needs. */
  readonly credentialsValid: boolean
  /** status.blockedRevisions has it: it was given up. */
  readonly blocked: boolean
  readonly job: Job | undefined
  /** Whether a container of the Job's pod ever ran. */
  readonly started: boolean
  readonly nowMs: number
}

export interface MigrationStep {
  readonly state: 'NotManaged' | 'Done' | 'Running' | 'Failed' | 'Waiting' | 'GivenUp'
  /** What is to be done about the Job; `replace`: it failed, and is made again; `discard`: it is not made again. */
  readonly action?: 'create' | 'replace' | 'discard'
  /** How often it was tried, this one included. */
  readonly attempt: number
  readonly lookAgainInMs?: number
  /** Of the Job that failed. */
  readonly message?: string
}

/**
 * The migrations of a revision run once, in a Job, before its first pod; a Job that failed is made again, ever later. Not
 * for a revision that is blocked: a rollout that is under way gives it up when its pods do not come within the deadline.
 */
export function nextMigration(facts: MigrationFacts): MigrationStep {
  const { wanted, revision, migratedRevision, hasDeployment, credentialsValid, job, nowMs } = facts
  if (!wanted) return { state: 'NotManaged', attempt: 0 }
  if (migratedRevision === revision || hasDeployment) return { state: 'Done', attempt: 0 }
  if (facts.blocked) return givenUp(facts)
  if (job === undefined)
    return credentialsValid
      ? { state: 'Running', action: 'create', attempt: 1 }
      : { state: 'Waiting', attempt: 0 }
  const attempt = attemptOf(job)
  if (job.metadata.deletionTimestamp !== undefined) return { state: 'Running', attempt }
  if (ended(job, 'Complete') !== undefined) return { state: 'Done', attempt }
  const failed = ended(job, 'Failed')
  if (failed === undefined) return { state: 'Running', attempt }
  const message = [failed.reason, failed.message].filter((part) => part !== undefined).join(': ')
  const failedAtMs = parseTimestamp(failed.lastTransitionTime ?? '') ?? nowMs
  // A clock far behind the API server's must not wait for ever.
  const waitedMs = nowMs - failedAtMs
  const leftMs = waitedMs < 0 ? 0 : doubled(RETRY, attempt - 1) - waitedMs
  if (leftMs > 0 || !credentialsValid)
    return { state: 'Failed', attempt, message, lookAgainInMs: Math.max(leftMs, 1000) }
  return { state: 'Failed', action: 'replace', attempt: attempt + 1, message }
}

/** What waits for an image would wait for ten minutes more, and whoever retries wants a new try. The log of others stays. */
function givenUp({ job, started }: MigrationFacts): MigrationStep {
  const isStuck = job !== undefined && !started && ended(job, 'Failed') === undefined
  return { state: 'GivenUp', attempt: 0, ...(isStuck ? { action: 'discard' } : {}) }
}

function attemptOf({ metadata }: Job): number {
  const attempt = Number(metadata.annotations?.[ANNOTATIONS.attempt])
  return Number.isSafeInteger(attempt) && attempt > 0 ? attempt : 1
}

function ended(job: Job, type: 'Complete' | 'Failed') {
  return job.status?.conditions?.find((condition) => condition.type === type && condition.status === 'True')
}

/** A database that comes up gets its migrations soon; one that is away for hours is asked every five minutes. */
const RETRY = { firstMs: 10_000, maxMs: 300_000 }
