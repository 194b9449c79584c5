import { BIZ_TAG, type BizTag, ID_GENERATOR, type IdGenerator } from '../api/kinds.ts'
import { isStatus, type KubeClient } from '../runtime/kube-client.ts'
import { listAll } from '../runtime/list-pages.ts'
import { type KubeObject, objectPath, type Resource } from '../runtime/resource.ts'
import type { EventLine } from './generator-view.ts'
import { nearNames } from './near-names.ts'
import { explained, PluginError } from './plugin-error.ts'

export interface Target {
  readonly client: KubeClient
  readonly namespace: string
}

/** Throws, naming what is there instead, where there is none of that name. */
export async function readGenerator(target: Target, name: string): Promise<IdGenerator> {
  const { client, namespace } = target
  try {
    return await client.send<IdGenerator>({
      method: 'GET',
      path: objectPath(ID_GENERATOR, `${namespace}/${name}`),
    })
  } catch (thrown) {
    if (isStatus(thrown, 404)) throw await notFound(target, name)
    throw explained(thrown, `read IdGenerators in namespace ${namespace}`)
  }
}

async function notFound(target: Target, name: string): Promise<PluginError> {
  const { namespace } = target
  const here = (await listGenerators(target)).map(({ metadata }) => metadata.name)
  const near = nearNames(name, here)
  const start = `There is no IdGenerator ${namespace}/${name}.`
  if (near.length > 0) return new PluginError(`${start} Did you mean ${near.join(' or ')}?`)
  const elsewhere = await namespacesWith(target, name)
  if (elsewhere.length > 0)
    return new PluginError(`${start} There is one in ${elsewhere.join(' and in ')}: add -n ${elsewhere[0]}.`)
  return new PluginError(
    here.length > 0
      ? `${start} There are ${here.slice(0, 10).join(', ')}.`
      : `${start} The namespace has none; add -n for another one, or make one with kubectl apply.`,
  )
}

async function namespacesWith({ client }: Target, name: string): Promise<string[]> {
  try {
    const all = await list<IdGenerator>(client, ID_GENERATOR, undefined, `metadata.name=${name}`)
    return all.map(({ metadata }) => metadata.namespace ?? '')
  } catch {
    // Who may not look into other namespaces gets no hint.
    return []
  }
}

export async function listGenerators({ client, namespace }: Target): Promise<IdGenerator[]> {
  try {
    return await list<IdGenerator>(client, ID_GENERATOR, namespace)
  } catch (thrown) {
    if (isStatus(thrown, 404))
      throw new PluginError(
        'This cluster does not know IdGenerators: install the chart (helm install idgen charts/idgen), or choose another --context.',
        { cause: thrown },
      )
    throw explained(thrown, `list IdGenerators in namespace ${namespace}`)
  }
}

/** BizTags that name it, from everywhere; `gap` says what could not be seen. */
export async function readTags(
  target: Target,
  name: string,
): Promise<{ readonly tags: readonly BizTag[]; readonly gap?: string }> {
  const { client, namespace } = target
  const selector = `spec.generatorRef.name=${name}`
  const isMeant = ({ spec, metadata }: BizTag): boolean =>
    (spec.generatorRef.namespace ?? metadata.namespace) === namespace
  try {
    const tags = await list<BizTag>(client, BIZ_TAG, undefined, selector)
    return { tags: tags.filter(isMeant) }
  } catch (thrown) {
    if (!isStatus(thrown, 403)) throw explained(thrown, 'list BizTags')
  }
  try {
    const tags = await list<BizTag>(client, BIZ_TAG, namespace, selector)
    return {
      tags: tags.filter(isMeant),
      gap: 'BizTags of other namespaces are not shown: you may not list them.',
    }
  } catch (thrown) {
    if (!isStatus(thrown, 403)) throw explained(thrown, 'list BizTags')
    return { tags: [], gap: 'BizTags are not shown: you may not list them.' }
  }
}

interface KubeEvent extends KubeObject {
  readonly type?: string
  readonly reason?: string
  readonly note?: string
  readonly eventTime?: string | null
  readonly series?: { readonly count: number; readonly lastObservedTime: string }
  readonly deprecatedLastTimestamp?: string | null
}

/** What happened to it in the last hour (events live no longer), the newest first. */
export async function readEvents(
  { client, namespace }: Target,
  name: string,
): Promise<{ readonly events: readonly EventLine[]; readonly gap?: string }> {
  try {
    const selector = `regarding.kind=IdGenerator,regarding.name=${name}`
    const found = await list<KubeEvent>(client, EVENTS, namespace, selector)
    return { events: found.map(eventLine).toSorted((a, b) => b.at.localeCompare(a.at)) }
  } catch (thrown) {
    if (!isStatus(thrown, 403)) throw explained(thrown, 'list events')
    return { events: [], gap: 'Events are not shown: you may not list them.' }
  }
}

function eventLine(event: KubeEvent): EventLine {
  const {
    type = 'Normal',
    reason = '',
    note = '',
    series,
    eventTime,
    deprecatedLastTimestamp,
    metadata,
  } = event
  const at =
    series?.lastObservedTime ?? eventTime ?? deprecatedLastTimestamp ?? metadata.creationTimestamp ?? ''
  return { type, reason, note, at, count: series?.count ?? 1 }
}

async function list<T extends KubeObject>(
  client: KubeClient,
  resource: Resource,
  namespace: string | undefined,
  fieldSelector?: string,
): Promise<T[]> {
  const scope = { resource, namespace, labelSelector: undefined, fieldSelector }
  const { items } = await listAll<T>(client, scope, AbortSignal.timeout(LIST_MAX_MS))
  return items
}

const EVENTS: Resource = {
  group: 'events.k8s.io',
  version: 'v1',
  kind: 'Event',
  plural: 'events',
  namespaced: true,
}
/** A person waits. */
const LIST_MAX_MS = 30_000
