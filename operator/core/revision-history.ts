import type { RevisionState } from './rollout-snapshot.ts'

/** Deployments without pods beyond the `limit` youngest; `needed` ones are never among them. */
export function deletableRevisions(
  revisions: readonly RevisionState[],
  needed: ReadonlySet<string>,
  limit: number,
): string[] {
  return revisions
    .filter(
      ({ revision, replicas, ready, available }) =>
        !needed.has(revision) && replicas === 0 && ready === 0 && available === 0,
    )
    .toSorted((a, b) => compare(b.createdAt, a.createdAt) || compare(a.revision, b.revision))
    .slice(limit)
    .map(({ revision }) => revision)
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
