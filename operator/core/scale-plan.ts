import { PODS_MAX } from './pod-budget.ts'
import type { Shares } from './shares.ts'

/** The pods of one Deployment as far as scaling goes. */
export interface Pods {
  readonly revision: string
  /** Asked for. */
  readonly replicas: number
  readonly available: number
}

/** Who is who. `stable` and `canary` may have no Deployment yet; every other revision is on its way to 0. */
export interface ScaleWish {
  /** Pods that must be available before any available one may go. */
  readonly replicas: number
  readonly stable: string | undefined
  readonly canary: string | undefined
  readonly shares: Shares
  /** A revision that is kept as it is although nobody wants it: its failed pods are looked at. */
  readonly kept: string | undefined
  /** Pods of whichever revision that end, and have their worker ids until then. */
  readonly ending: number
}

/**
 * What each Deployment is to have next. Growing is done at once, as far as there are worker ids (pod-budget.ts); shrinking
 * only as far as available pods elsewhere make up for it, so that callers always have `replicas` available pods where they
 * had them. Called again and again it ends at the shares wished for.
 *
 * A side that shrinks keeps pods of its own for those that the others lack, available or not: stable at 0 beside a
 * canary that does not come up would be nobody. A revision that nobody wants keeps available ones only, because its
 * other pods do no more than take the place of those to come.
 */
export function nextReplicas(pods: readonly Pods[], wish: ScaleWish): Record<string, number> {
  const next = unboundedReplicas(pods, wish)
  const asked = new Map(pods.map(({ revision, replicas }) => [revision, replicas]))
  // What shrinks now has its pods for a while yet.
  let room = PODS_MAX - wish.ending - sum(asked)
  const growth = Object.entries(next).map(([revision, one]) => Math.max(0, one - (asked.get(revision) ?? 0)))
  // To be looked at is worth less than to serve.
  if (wish.kept !== undefined && growth.reduce((all, one) => all + one, 0) > room)
    return nextReplicas(pods, { ...wish, kept: undefined })
  // Stable first: where a rollback goes.
  for (const revision of [wish.stable, wish.canary]) {
    if (revision === undefined) continue
    const before = asked.get(revision) ?? 0
    const grown = Math.min(Math.max(0, (next[revision] ?? 0) - before), Math.max(0, room))
    next[revision] = Math.min(next[revision] ?? 0, before + grown)
    room -= grown
  }
  return next
}

function unboundedReplicas(pods: readonly Pods[], wish: ScaleWish): Record<string, number> {
  const wanted = new Map(pods.map((one) => [one.revision, targetOf(one, wish)]))
  for (const [revision, target] of [
    [wish.stable, wish.shares.stable],
    [wish.canary, wish.shares.canary],
  ] as const)
    if (revision !== undefined) wanted.set(revision, target)

  // Pods above what was asked for are ending already.
  const serving = new Map(pods.map((one) => [one.revision, Math.min(one.available, one.replicas)]))
  const next: Record<string, number> = {}
  for (const one of shrinkingOrder(pods, wish)) {
    const target = wanted.get(one.revision) ?? 0
    const own = serving.get(one.revision) ?? 0
    const lacking = wish.replicas - sum(serving) + own
    const isSide = one.revision === wish.stable || one.revision === wish.canary
    const kept = Math.min(isSide ? one.replicas : own, Math.max(target, lacking))
    next[one.revision] = Math.max(target, kept)
    serving.set(one.revision, Math.min(own, Math.max(target, kept)))
  }
  for (const [revision, target] of wanted) next[revision] ??= target
  return next
}

function targetOf({ revision, replicas }: Pods, wish: ScaleWish): number {
  return revision === wish.kept ? replicas : 0
}

/** Who gives up pods first: what nobody wants, then the canary, then stable. */
function shrinkingOrder(pods: readonly Pods[], wish: ScaleWish): Pods[] {
  const rank = ({ revision }: Pods): number =>
    revision === wish.stable ? 2 : revision === wish.canary ? 1 : 0
  return pods.toSorted((a, b) => rank(a) - rank(b) || (a.revision < b.revision ? -1 : 1))
}

function sum(values: ReadonlyMap<string, number>): number {
  let total = 0
  for (const value of values.values()) total += value
  return total
}
