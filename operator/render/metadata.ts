import type { IdGenerator } from '../api/kinds.ts'
import { LABELS } from '../api/marks.ts'
import type { Kind, RenderedMetadata, RenderedObject } from './rendered-object.ts'

type Labels = Readonly<Record<string, string>>

/** Who makes all of it, as the label says it. The caches of the operator hold only objects with this label. */
export const MANAGED_BY = 'idgen-operator'

/** Components of an installation. Only pods of the server are behind a Service. */
export const SERVER = 'server'
export const MIGRATION = 'migration'

/** On every object of an IdGenerator, the Secrets that reconcile makes included. */
export function ownLabels(generator: string): Labels {
  return {
    [LABELS.name]: 'idgen',
    [LABELS.instance]: generator,
    [LABELS.managedBy]: MANAGED_BY,
    [LABELS.partOf]: 'idgen',
    [LABELS.generator]: generator,
  }
}

/** Selects the server's pods, of all revisions or of one. Never changed: the selector of a Deployment is for ever. */
export function podSelector(generator: string, revision?: string): Labels {
  return {
    [LABELS.generator]: generator,
    [LABELS.component]: SERVER,
    ...(revision === undefined ? {} : { [LABELS.revision]: revision }),
  }
}

/** The same as text, for status.selector. */
export function podSelectorText(generator: string): string {
  return Object.entries(podSelector(generator))
    .map(([label, value]) => `${label}=${value}`)
    .join(',')
}

/** Deletes an object with its IdGenerator. */
export function ownerOf({ apiVersion, kind, metadata }: IdGenerator): RenderedMetadata['ownerReferences'][0] {
  return {
    apiVersion,
    kind,
    name: metadata.name,
    uid: metadata.uid,
    controller: true,
    blockOwnerDeletion: true,
  }
}

/** An object of an IdGenerator: its metadata, and `fields` as its kind has them. */
export function ownedObject(
  generator: IdGenerator,
  kind: Kind,
  name: string,
  fields: Readonly<Record<string, unknown>>,
  marks: { readonly labels?: Labels; readonly annotations?: Labels | undefined } = {},
): RenderedObject {
  const { annotations = {} } = marks
  return {
    apiVersion: kind.group === '' ? kind.version : `${kind.group}/${kind.version}`,
    kind: kind.kind,
    metadata: {
      name,
      namespace: generator.metadata.namespace ?? 'default',
      // Ours last: a label that people give must not take an object out of the operator's sight.
      labels: { ...marks.labels, ...ownLabels(generator.metadata.name) },
      ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
      ownerReferences: [ownerOf(generator)],
    },
    ...fields,
  }
}
