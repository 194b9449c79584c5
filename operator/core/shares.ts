/** How many pods each side is to have. */
export interface Shares {
  readonly canary: number
  readonly stable: number
}

/**
 * The pods of both sides that come closest to `weight` percent, of `replicas` or one more. Between 1 and 99 percent each
 * side has at least one pod, so 5 % of 3 is 1 of 4: a Service without a router spreads over pods, it has no finer share.
 * Of equally close ones the one with fewer pods is taken, then the smaller canary.
 */
export function sharesFor(replicas: number, weight: number): Shares {
  if (replicas <= 0 || weight <= 0) return { canary: 0, stable: Math.max(0, replicas) }
  if (weight >= 100) return { canary: replicas, stable: 0 }
  let best: Shares = { canary: 1, stable: replicas }
  for (const pods of [replicas, replicas + 1])
    for (const near of [Math.floor((pods * weight) / 100), Math.ceil((pods * weight) / 100)]) {
      const canary = Math.min(pods - 1, Math.max(1, near))
      const shares = { canary, stable: pods - canary }
      if (pods > 1 && isBetter(shares, best, weight)) best = shares
    }
  return best
}

/** In whole numbers: of fractions, equally far ones would differ in their last digits. */
function isBetter(one: Shares, other: Shares, weight: number): boolean {
  const [pods, otherPods] = [one.canary + one.stable, other.canary + other.stable]
  const miss = Math.abs(100 * one.canary - weight * pods) * otherPods
  const otherMiss = Math.abs(100 * other.canary - weight * otherPods) * pods
  if (miss !== otherMiss) return miss < otherMiss
  return pods === otherPods ? one.canary < other.canary : pods < otherPods
}
