/** How far ahead of its use a tag's IDs are fetched. */
export interface BlockTuning {
  /** Fewest IDs a request asks for, 1 if left out: more are burnt when nobody takes them within `lifetimeMs`. */
  readonly minBlock: number
  /** Most IDs a request asks for. One and a half times as many can be in memory. */
  readonly maxBlock: number
  /** IDs for this long, at the present rate, are kept in memory: so long an outage of the service is not noticed. */
  readonly aheadMs: number
  /** IDs that are older are burnt: so late, at the most, is it noticed that a tag was deleted. */
  readonly lifetimeMs: number
  /** So many are fetched at once and again when half are used or get old, also when nobody takes any: for `nextSync`. */
  readonly keep: number
}

/** How many IDs should be in memory now. `perSecond`: at which rate they are taken. */
export function wantedInMemory(
  perSecond: number,
  { aheadMs, maxBlock, minBlock, keep }: BlockTuning,
): number {
  // Who takes one a second or less is served by a request each: what is fetched ahead would mostly be burnt.
  const ahead = perSecond < PREFETCH_FROM ? 0 : Math.max(minBlock, Math.floor((perSecond * aheadMs) / 1000))
  return Math.min(maxBlock, Math.max(keep, ahead))
}

/** How many IDs to ask for now; 0: enough are here. `awaited`: what callers wait for. */
export function wantedNow(left: number, awaited: number, perSecond: number, tuning: BlockTuning): number {
  const wanted = wantedInMemory(perSecond, tuning)
  if (awaited > 0) return Math.min(tuning.maxBlock, Math.max(awaited, wanted, tuning.minBlock))
  // Half of them last half of `aheadMs`, which is many times what a request takes.
  return left > wanted / 2 || wanted === 0 ? 0 : wanted
}

const PREFETCH_FROM = 2
