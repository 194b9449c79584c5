import type { BizTag, IdGenerator } from '../api/kinds.ts'
import { allowedWorkspaces, isAllowed } from './biz-tag-access.ts'
import { conditionOf, type Fact, no } from './biz-tag-conditions.ts'

/** Everything that is looked at before the service is asked. */
export interface BizTagSnapshot {
  readonly tag: BizTag
  /** "namespace/name" of spec.generatorRef. */
  readonly generatorKey: string
  /** undefined: there is none, or its namespace is not watched. */
  readonly generator: IdGenerator | undefined
  /** Of the tag's namespace, where the IdGenerator selects by them. */
  readonly namespaceLabels: Readonly<Record<string, string>> | undefined
  /** Why the service cannot be asked now, as found out for all tags of the IdGenerator. */
  readonly outage: Fact | undefined
}

export type BizTagStep =
  /** Nothing is written, and nothing asked. */
  | { readonly kind: 'leave' }
  /** The status says why nothing is done. */
  | { readonly kind: 'wait'; readonly ready: Fact }
  /** The same, for one that may have been taken before: its key must open nothing any more. */
  | {
      readonly kind: 'refuse'
      readonly generator: IdGenerator
      readonly ready: Fact
      readonly againMs: number | undefined
    }
  | {
      readonly kind: 'declare'
      readonly generator: IdGenerator
      /** When to see whether it is still permitted; undefined: a change of the IdGenerator tells. */
      readonly againMs: number | undefined
    }

export function decideBizTag(snapshot: BizTagSnapshot): BizTagStep {
  const { tag, generatorKey, generator, namespaceLabels, outage } = snapshot
  if (generator === undefined || generator.metadata.deletionTimestamp !== undefined)
    return wait(
      no(
        'GeneratorNotFound',
        `There is no IdGenerator ${generatorKey}, or it is being deleted, or its namespace is not watched: make it, or correct spec.generatorRef in a new BizTag.`,
      ),
    )
  if (generator.spec.suspend === true) return { kind: 'leave' }
  const { namespace = '' } = tag.metadata
  const { namespace: home = '' } = generator.metadata
  const { allowedNamespaces } = generator.spec
  // Labels of a namespace change without a word to us, in both directions.
  const againMs = allowedNamespaces?.from === 'Selector' && namespace !== home ? LABELS_MS : undefined
  if (!isAllowed(allowedNamespaces, home, namespace, namespaceLabels)) {
    const ready = no(
      'NamespaceNotAllowed',
      `IdGenerator ${generatorKey} does not take BizTags of namespace ${namespace}: ask its owner to permit it in spec.allowedNamespaces (now: ${allowedNamespaces?.from ?? 'Same'}).`,
    )
    return { kind: 'refuse', generator, ready, againMs }
  }
  const { workspace } = tag.spec
  const workspaces = allowedWorkspaces(allowedNamespaces, home, namespace)
  if (workspaces?.includes(workspace) === false) {
    const ready = no(
      'WorkspaceNotAllowed',
      `IdGenerator ${generatorKey} takes tags of namespace ${namespace} in ${workspaces.length === 0 ? 'no workspace' : `the workspaces ${workspaces.join(', ')}`}, and not in "${workspace}": ask its owner to permit it in spec.allowedNamespaces.workspaces, or make a BizTag in another workspace.`,
    )
    return { kind: 'refuse', generator, ready, againMs }
  }
  const trouble = unavailable(generator, generatorKey) ?? outage
  if (trouble === undefined) return { kind: 'declare', generator, againMs }
  // What is declared stays so: thousands of tags must not change their status because pods are away for a moment.
  return isDeclared(tag) ? { kind: 'leave' } : wait(trouble)
}

/** Ready for the spec that it has now. */
export function isDeclared({ metadata, status }: BizTag): boolean {
  const ready = conditionOf(status?.conditions, 'Ready')
  return ready?.status === 'True' && ready.observedGeneration === metadata.generation
}

export function isAvailable(generator: IdGenerator): boolean {
  return (
    generator.status?.conditions?.some(({ type, status }) => type === 'Available' && status === 'True') ===
    true
  )
}

function unavailable(generator: IdGenerator, generatorKey: string): Fact | undefined {
  if (isAvailable(generator)) return undefined
  const said = generator.status?.conditions?.find(({ type }) => type === 'Available')?.message
  return no(
    'GeneratorNotReady',
    `IdGenerator ${generatorKey} has no pod that is ready${said === undefined ? '' : ` (${said})`}. The tag is made as soon as it has.`,
  )
}

function wait(ready: Fact): BizTagStep {
  return { kind: 'wait', ready }
}

const LABELS_MS = 60_000
