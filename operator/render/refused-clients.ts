import type { IdGenerator } from '../api/kinds.ts'
import { letIn } from './client-entries.ts'
import type { InstalledRevision, Remark } from './installation.ts'
import type { RevisionInputs } from './revision.ts'

type Clients = NonNullable<RevisionInputs['clients']>

/**
 * Clients that a revision lets in and the spec does not any more. Its pods keep the list that they were made with, and a rollout
 * may take days; a revocation must not wait for it, nor end where the rollout does not end well. Who comes with other rights is
 * not refused: to be cut off until the rollout ends is more than most mean by them.
 */
export function refusedClients(generator: IdGenerator, { clients }: RevisionInputs): Clients['allowed'] {
  const wanted = new Set(generator.spec.auth.clients?.allowed.map(({ certificate }) => certificate))
  return clients === undefined ? [] : letIn(clients).filter(({ certificate }) => !wanted.has(certificate))
}

/**
 * The configuration file of a revision, as it was recorded, and whom its pods refuse by now. They read it while they run; a line
 * only where there is one, since an image from before the key does not start with it.
 */
export function configNow(generator: IdGenerator, { record }: Pick<InstalledRevision, 'record'>): string {
  const refused = refusedClients(generator, record.inputs).map(({ certificate }) => certificate)
  if (refused.length === 0) return record.pods.config
  return `${record.pods.config}${REFUSED_KEY}: ${JSON.stringify(refused.join('; '))}\n`
}

/** Whom pods refuse that were made to let them in, once for all revisions. Where there are none any more nobody is to know. */
export function refusedRemarks(generator: IdGenerator, revisions: readonly InstalledRevision[]): Remark[] {
  const refused = new Map<string, { readonly name: string; readonly revisions: string[] }>()
  for (const { revision, record, replicas } of revisions) {
    if (replicas === 0) continue
    for (const { certificate, name } of refusedClients(generator, record.inputs)) {
      const known = refused.get(certificate) ?? { name, revisions: [] }
      known.revisions.push(revision)
      refused.set(certificate, known)
    }
  }
  return [...refused].map(([certificate, { name, revisions: old }]) => ({
    reason: 'ClientRefused' as const,
    message: `${name} (${certificate}) is not in spec.auth.clients any more: pods of ${old.sort().join(' and ')} refuse it as soon as their node brings them the news, without waiting for the rollout`,
  }))
}

/** Nobody else may set it: the line would be there twice. */
export const REFUSED_KEY = 'auth.refusedClients'
