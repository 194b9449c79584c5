import type { IdGenerator } from '../api/kinds.ts'
import { ANNOTATIONS, LABELS } from '../api/marks.ts'
import { surgeOf } from '../core/pod-budget.ts'
import type { InstalledRevision } from './installation.ts'
import { ownedObject, podSelector, SERVER } from './metadata.ts'
import { NAMES } from './names.ts'
import { KINDS } from './object-kinds.ts'
import type { RenderedObject } from './rendered-object.ts'
import { podTemplate } from './revision-record.ts'

/** The pods of one revision. Only its number of pods and the Secrets' checksum change while it lives. */
export function deployment(
  generator: IdGenerator,
  revision: InstalledRevision,
  replicas: number,
): RenderedObject {
  const { name } = generator.metadata
  return ownedObject(
    generator,
    KINDS.Deployment,
    NAMES.ofRevision(name, revision.revision),
    {
      spec: {
        replicas,
        selector: { matchLabels: podSelector(name, revision.revision) },
        // Pods are replaced only when a Secret changed: never fewer than wanted are ready meanwhile.
        strategy: {
          type: 'RollingUpdate',
          rollingUpdate: { maxUnavailable: 0, maxSurge: surgeOf(replicas) },
        },
        // Old templates are kept as revisions of ours; the Deployment's own are of no use.
        revisionHistoryLimit: 1,
        template: podTemplate(revision.record.pods, revision.secrets),
      },
    },
    {
      labels: { [LABELS.component]: SERVER, [LABELS.revision]: revision.revision },
      annotations: { [ANNOTATIONS.image]: revision.record.inputs.image },
    },
  )
}
