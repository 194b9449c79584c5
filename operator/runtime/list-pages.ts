import { isStatus, type KubeClient } from './kube-client.ts'
import { apiVersion, collectionPath, type KubeObject, type Resource } from './resource.ts'

export interface ListScope {
  readonly resource: Resource
  /** undefined: all namespaces. */
  readonly namespace: string | undefined
  readonly labelSelector: string | undefined
  readonly fieldSelector: string | undefined
}

export interface CompleteList<T extends KubeObject> {
  readonly items: T[]
  /** Where a watch goes on. */
  readonly resourceVersion: string
}

interface Page<T> {
  readonly metadata: { readonly resourceVersion?: string; readonly continue?: string }
  readonly items: readonly T[] | null
}

/**
 * A list of thousands in pages, all of one moment. `slim` is what is kept of each: as soon as its page is read, because
 * the whole of thousands of objects at once is several times what the slim ones need.
 */
export async function listAll<T extends KubeObject>(
  client: KubeClient,
  scope: ListScope,
  signal: AbortSignal,
  slim: (item: T) => T = (item) => item,
): Promise<CompleteList<T>> {
  try {
    return await readPages<T>(client, scope, slim, signal, PAGE_SIZE)
  } catch (thrown) {
    // The moment of the first page is forgotten before the last was read: a server this slow gets one large page.
    if (!isStatus(thrown, 410)) throw thrown
    return await readPages<T>(client, scope, slim, signal, undefined)
  }
}

async function readPages<T extends KubeObject>(
  client: KubeClient,
  scope: ListScope,
  slim: (item: T) => T,
  signal: AbortSignal,
  limit: number | undefined,
): Promise<CompleteList<T>> {
  const items: T[] = []
  let more = ''
  for (;;) {
    const query = {
      ...selectors(scope),
      ...(limit === undefined ? {} : { limit: String(limit) }),
      ...(more === '' ? {} : { continue: more }),
    }
    const path = collectionPath(scope.resource, scope.namespace)
    const page = await client.send<Page<T>>({ method: 'GET', path, query, signal })
    for (const item of page.items ?? []) items.push(slim(named(scope.resource, item)))
    more = page.metadata.continue ?? ''
    if (more === '') return { items, resourceVersion: page.metadata.resourceVersion ?? '' }
  }
}

export function selectors({ labelSelector, fieldSelector }: ListScope): Record<string, string> {
  return {
    ...(labelSelector === undefined ? {} : { labelSelector }),
    ...(fieldSelector === undefined ? {} : { fieldSelector }),
  }
}

/** Items of a list of built-in kinds do not say what they are. */
function named<T extends KubeObject>(resource: Resource, item: T): T {
  return item.kind === undefined ? { ...item, apiVersion: apiVersion(resource), kind: resource.kind } : item
}

/** As client-go's. */
const PAGE_SIZE = 500
