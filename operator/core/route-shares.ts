import type { RolloutDecision } from './rollout-decision.ts'
import type { RevisionState } from './rollout-snapshot.ts'
import { parseTimestamp } from './timestamp.ts'

/** Where routes with weights send calls: everything that is not the canary's goes to the stable revision. */
export interface RouteShares {
  /** What the canary's Service selects; undefined: the stable revision. */
  readonly canaryRevision?: string
  /** Percent. */
  readonly canaryWeight: number
}

/**
 * Routes send calls to a side whether it has pods or not, so no side may get more than its pods are. What counts is the
 * pods that will be left once `decision` is done: those that are about to end get nothing any more.
 */
export function routeShares(
  { status: { stableRevision, rollout }, replicas }: Pick<RolloutDecision, 'status' | 'replicas'>,
  revisions: readonly RevisionState[],
  wanted: number,
  nowMs: number,
): RouteShares {
  if (rollout === undefined) return { canaryWeight: 0 }
  const servingOf = (name: string | undefined): number => {
    const found = revisions.find(({ revision }) => revision === name)
    if (found === undefined) return 0
    return Math.min(found.available, found.replicas, replicas[found.revision] ?? found.replicas)
  }
  const { revision, state } = rollout
  const canary = servingOf(revision)
  const stable = servingOf(stableRevision)
  const actual = canary + stable === 0 ? 0 : Math.round((100 * canary) / (canary + stable))
  if (state === 'Progressing') {
    const { desiredWeight, stepStartedAt, waiting } = rollout
    const complete =
      stepStartedAt !== undefined && (waiting === undefined || waiting.available >= waiting.wanted)
    // A side without a pod would lose every call that it gets.
    if (canary === 0 || stable === 0) return { canaryRevision: revision, canaryWeight: actual }
    return {
      canaryRevision: revision,
      canaryWeight: complete ? desiredWeight : Math.min(desiredWeight, actual),
    }
  }
  // Both Services select the same pods now; calls move over when gateways have heard of it.
  if (state === 'Promoted')
    return { canaryWeight: nowMs - (parseTimestamp(rollout.finishedAt ?? '') ?? 0) < SETTLED_MS ? 100 : 0 }
  // Rolled back: the pods of stable may have to come up first.
  if (revision === stableRevision || canary === 0 || stable >= wanted) return { canaryWeight: 0 }
  return { canaryRevision: revision, canaryWeight: actual }
}

/** Endpoints are current everywhere after a second or two; the operator looks again within a minute. */
const SETTLED_MS = 20_000
