import type { RolloutDecision } from './rollout-decision.ts'
import type { RevisionState } from './rollout-snapshot.ts'
import { parseTimestamp } from './timestamp.ts'

/** Where calls go that come by the two Services of stable and canary, and by the routes that weigh them. */
export interface RouteShares {
  /** What the Service of stable selects; undefined: nothing has ever served. */
  readonly stableRevision?: string
  /** What the Service of the canary selects; undefined: the same. */
  readonly canaryRevision?: string
  /** Percent of the calls that routes send to the Service of the canary. */
  readonly canaryWeight: number
}

/**
 * Routes send calls to a Service whether it selects pods or not, and gateways hear of routes, Services and pods one by one,
 * in any order. So:
 *
 * 1. A Service whose own revision has no pod that serves selects another one that has: none is ever empty while any pod
 *    serves, neither before a change nor after it, whatever weight a gateway still has for it.
 * 2. A side that has pods gets no more calls than its pods are.
 *
 * What counts is the pods that will be left once `decision` is done: routes and Services change before any pod ends.
 */
export function routeShares(
  { status: { stableRevision, rollout }, replicas }: Pick<RolloutDecision, 'status' | 'replicas'>,
  revisions: readonly RevisionState[],
  wanted: number,
  nowMs: number,
): RouteShares {
  const serving = new Map(
    revisions.map(({ revision, available, replicas: asked }) => [
      revision,
      Math.min(available, asked, replicas[revision] ?? asked),
    ]),
  )
  const servingOf = (name: string | undefined): number => serving.get(name ?? '') ?? 0
  const [stable, canary] = [servingOf(stableRevision), servingOf(rollout?.revision)]
  const selected = stable > 0 ? stableRevision : (mostServing(serving) ?? stableRevision)
  const all: RouteShares = {
    ...(selected === undefined ? {} : { stableRevision: selected }),
    canaryWeight: 0,
  }
  if (rollout === undefined) return all
  const { revision, state, desiredWeight, stepStartedAt, waiting, finishedAt } = rollout
  // Both Services select the same pods now; calls move over when gateways have heard of it.
  if (state === 'Promoted')
    return { ...all, canaryWeight: nowMs - (parseTimestamp(finishedAt ?? '') ?? 0) < SETTLED_MS ? 100 : 0 }
  if (canary === 0 || revision === stableRevision) return all
  const actual = Math.round((100 * canary) / (canary + stable))
  if (state === 'Progressing') {
    const complete =
      stepStartedAt !== undefined && (waiting === undefined || waiting.available >= waiting.wanted)
    const canaryWeight = stable === 0 ? 100 : complete ? desiredWeight : Math.min(desiredWeight, actual)
    return { ...all, canaryRevision: revision, canaryWeight }
  }
  // Rolled back: the pods of stable may have to come up first.
  return stable >= wanted ? all : { ...all, canaryRevision: revision, canaryWeight: actual }
}

/** Of equally many by name: the same facts give the same Services. */
function mostServing(serving: ReadonlyMap<string, number>): string | undefined {
  const [most] = [...serving]
    .filter(([, pods]) => pods > 0)
    .toSorted(([a, pods], [b, others]) => others - pods || (a < b ? -1 : 1))
  return most?.[0]
}

/** Endpoints are current everywhere after a second or two; the operator looks again within a minute. */
const SETTLED_MS = 20_000
