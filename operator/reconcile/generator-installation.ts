import { nameOfAll } from '../certificates/trusted-authorities.ts'
import { wantedPods } from '../core/pod-budget.ts'
import type { RolloutDecision } from '../core/rollout-decision.ts'
import { routeShares } from '../core/route-shares.ts'
import type { Installation, InstalledRevision } from '../render/installation.ts'
import { backendNames } from '../render/routes.ts'
import { revisionStates } from './generator-decision.ts'
import type { GeneratorPicture } from './generator-picture.ts'
import type { Deployment } from './kube-kinds.ts'

export interface InstallationPlan {
  readonly installation: Installation
  /** Revisions whose Deployment must stay as it is but for the number of its pods. */
  readonly scaledOnly: readonly { readonly deployment: Deployment; readonly replicas: number }[]
  /** Revisions that are let go of. */
  readonly released: readonly string[]
}

/** What is to be there, as it is rendered. */
export function planInstallation(
  picture: GeneratorPicture,
  decision: RolloutDecision | undefined,
  world: Pick<Installation, 'optionalKinds' | 'operatorNamespace' | 'runbooks'>,
): InstallationPlan {
  const { generator, nowMs, known, wanted, records, secretFacts, secrets, deployable } = picture
  const released = releasedRevisions(picture, decision)
  const revisions: InstalledRevision[] = []
  const scaledOnly: { deployment: Deployment; replicas: number }[] = []
  for (const revision of new Set([...known.keys(), wanted])) {
    const deployment = known.get(revision)?.deployment
    const replicas = decision?.replicas[revision] ?? deployment?.spec?.replicas
    const record = records.get(revision)
    const facts = secretFacts.get(revision)
    if (released.includes(revision)) continue
    // Rendered without a Secret that was there, its pods would be replaced by ones that cannot start.
    const renderable = record !== undefined && facts !== undefined && facts.missing.length === 0
    if (!renderable && deployment !== undefined && replicas !== undefined)
      scaledOnly.push({ deployment, replicas })
    if (record === undefined || facts === undefined) continue
    const prepared = !renderable || (revision === wanted && !deployable)
    revisions.push({
      revision,
      record,
      secrets: facts,
      replicas: prepared ? undefined : replicas,
    })
  }
  const backendName = nameOfAll(secrets.certificates, backendNames(generator))
  const shares = decision && routeShares(decision, revisionStates(picture), wantedPods(generator.spec), nowMs)
  return {
    installation: {
      generator,
      revisions,
      canaryWeight: 0,
      ...shares,
      ...world,
      ...(backendName === undefined ? {} : { backendName }),
      ...(secrets.caCertificate === undefined ? {} : { caCertificate: secrets.caCertificate }),
    },
    scaledOnly,
    released,
  }
}

/** Those beyond the history, and records of specs that never came to have pods. */
function releasedRevisions(
  { known, wanted, generator }: GeneratorPicture,
  decision: RolloutDecision | undefined,
): string[] {
  const { stableRevision, canaryRevision } = decision?.status ?? generator.status ?? {}
  const kept = new Set([wanted, stableRevision, canaryRevision])
  const unused = [...known.values()]
    .filter(({ revision, deployment }) => deployment === undefined && !kept.has(revision))
    .map(({ revision }) => revision)
  return [...(decision?.deletableRevisions ?? []), ...unused]
}
