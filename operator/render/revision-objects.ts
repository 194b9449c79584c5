import type { IdGenerator } from '../api/kinds.ts'
import { ANNOTATIONS, LABELS } from '../api/marks.ts'
import { CONFIG_FILE } from './config-file.ts'
import { deployment } from './deployment.ts'
import type { InstalledRevision } from './installation.ts'
import { ownedObject } from './metadata.ts'
import { NAMES } from './names.ts'
import { KINDS } from './object-kinds.ts'
import { configNow } from './refused-clients.ts'
import type { ObjectReference, RenderedObject } from './rendered-object.ts'

/** What a revision consists of. Without a number of pods it is only prepared: its migrations can run. */
export function revisionParts(generator: IdGenerator, revision: InstalledRevision): RenderedObject[] {
  const name = NAMES.ofRevision(generator.metadata.name, revision.revision)
  const labels = { [LABELS.revision]: revision.revision }
  const { record, replicas } = revision
  const annotations = { [ANNOTATIONS.image]: record.inputs.image }
  // The number only orders them for people; ours are ordered by when they were made.
  const kept = { revision: 1, data: record }
  const file = { data: { [CONFIG_FILE]: configNow(generator, revision) } }
  return [
    ownedObject(generator, KINDS.ControllerRevision, name, kept, { labels, annotations }),
    ownedObject(generator, KINDS.ConfigMap, name, file, { labels }),
    ...(replicas === undefined ? [] : [deployment(generator, revision, replicas)]),
  ]
}

/** The same by name: to delete when a revision is let go. Pods first, what they read after them. */
export function revisionReferences(generator: string, revision: string): readonly ObjectReference[] {
  const name = NAMES.ofRevision(generator, revision)
  return [
    { kind: KINDS.Deployment, name },
    { kind: KINDS.Job, name: NAMES.migrationJob(generator, revision) },
    { kind: KINDS.ConfigMap, name },
    { kind: KINDS.ControllerRevision, name },
  ]
}
