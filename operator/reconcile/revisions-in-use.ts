import type { IdGenerator } from '../api/kinds.ts'
import type { KnownRevision } from './known-revisions.ts'

/** Those that callers may meet pods of: what their pods rest on must not be forgotten yet. */
export function revisionsInUse(
  { status }: IdGenerator,
  known: ReadonlyMap<string, KnownRevision>,
): readonly KnownRevision[] {
  const { stableRevision, canaryRevision } = status ?? {}
  return [...known.values()].filter(
    // Also one whose Deployment somebody deleted: it is made again.
    (one) => one.revision === stableRevision || one.revision === canaryRevision || hasPods(one),
  )
}

/** Those on their way out still answer. */
function hasPods({ deployment, pods }: KnownRevision): boolean {
  return (deployment?.spec?.replicas ?? 0) > 0 || pods.some(({ status }) => !ENDED.has(status?.phase ?? ''))
}

const ENDED: ReadonlySet<string> = new Set(['Succeeded', 'Failed'])
