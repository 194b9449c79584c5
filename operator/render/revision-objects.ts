import type { IdGenerator } from '../api/kinds.ts'
import { ANNOTATIONS, LABELS } from '../api/marks.ts'
import { CONFIG_FILE, configFile } from './config-file.ts'
import { deployment } from './deployment.ts'
import type { InstalledRevision } from './installation.ts'
import { ownedObject } from './metadata.ts'
import { NAMES } from './names.ts'
import { KINDS } from './object-kinds.ts'
import type { ObjectReference, RenderedObject } from './rendered-object.ts'
import type { RevisionInputs } from './revision.ts'

/** What a revision consists of. Without a number of pods it is only prepared: its migrations can run. */
export function revisionParts(generator: IdGenerator, revision: InstalledRevision): RenderedObject[] {
  const name = NAMES.ofRevision(generator.metadata.name, revision.revision)
  const labels = { [LABELS.revision]: revision.revision }
  const { inputs, replicas } = revision
  const annotations = { [ANNOTATIONS.image]: inputs.image }
  // The number only orders them for people; ours are ordered by when they were made.
  const record = { revision: 1, data: { inputs } }
  const file = { data: { [CONFIG_FILE]: configFile(inputs) } }
  return [
    ownedObject(generator, KINDS.ControllerRevision, name, record, { labels, annotations }),
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

/** The inputs out of a ControllerRevision; undefined when it is none of ours. */
export function inputsOf(record: { readonly data?: unknown }): RevisionInputs | undefined {
  const data = record.data as { readonly inputs?: Partial<RevisionInputs> } | undefined
  const inputs = data?.inputs
  return typeof inputs?.image === 'string' && inputs.database !== undefined && inputs.pod !== undefined
    ? (inputs as RevisionInputs)
    : undefined
}
