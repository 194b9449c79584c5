import type { RolloutPlan } from './rollout-snapshot.ts'
import type { RolloutStatus } from './rollout-status.ts'

export interface RevisionChoice {
  /** What this operator makes of the spec. */
  readonly rendered: string
  /** Revisions that an operator, this one or another version of it, made of a spec that said the same. */
  readonly sameSpec: ReadonlySet<string>
  readonly status: Pick<RolloutStatus, 'stableRevision' | 'canaryRevision' | 'blockedRevisions'>
  readonly strategy: RolloutPlan['strategy']
  /** The revision that somebody wants tried again. */
  readonly retry: string | undefined
}

/**
 * Which revision a spec asks for. Another version of the operator may render other pods from it. They are rolled out, like
 * any change, but not in the middle of what people began, and not as a way around a block.
 */
export function wantedRevision({ rendered, sameSpec, status, strategy, retry }: RevisionChoice): string {
  const { stableRevision: stable, canaryRevision: canary, blockedRevisions = [] } = status
  // Nothing serves yet: what kept the first revision from coming up may be mended now.
  if (stable === undefined) return rendered
  // Of the revision of today there may be no record yet: the operator ended right after it began it, or a cache is late.
  const saysTheSame = (revision: string): boolean => revision === rendered || sameSpec.has(revision)
  if (saysTheSame(stable))
    // Nobody asked for a change, and without steps it would reach all callers at once: it waits for the next change of the spec.
    return strategy === 'Immediate' && canary !== rendered ? stable : rendered
  // The revision that is blocked had the same image and settings. Whoever wants it tried again gets today's pods.
  const blocked = blockedRevisions.map(({ revision }) => revision).filter((revision) => revision !== retry)
  const tried = [canary, ...blocked].find((revision) => revision !== undefined && saysTheSame(revision))
  return tried ?? rendered
}
