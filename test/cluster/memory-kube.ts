import { type KubeClient, KubeError, type KubeRequest } from '../../operator/runtime/kube-client.ts'

/** Any object of any kind, as JSON. */
export interface AnyObject {
  apiVersion: string
  kind: string
  metadata: Record<string, unknown> & {
    name: string
    namespace?: string
    resourceVersion: string
    uid: string
  }
  [field: string]: unknown
}

/**
 * As much of an API server as a reconcile needs: objects by path, versions, conflicts, merge patches, server-side apply
 * by one manager, finalizers. No schemas, no watches: `changed` tells who wants to know.
 */
export class MemoryKube implements KubeClient {
  readonly objects = new Map<string, AnyObject>()
  /** Writes that changed something, as "PATCH /apis/…". */
  readonly writes: string[] = []
  /** All writes that were asked for, also those that changed nothing. */
  readonly asked: string[] = []
  readonly refused: string[] = []
  /** Throws to refuse. */
  before: (request: KubeRequest) => void | Promise<void> = () => {}
  changed: (path: string, object: AnyObject, deleted: boolean) => void = () => {}
  #version = 0
  #uids = 0

  async send<T>(request: KubeRequest): Promise<T> {
    request.signal?.throwIfAborted()
    await this.before(request)
    if (request.method !== 'GET') this.asked.push(`${request.method} ${request.path}`)
    try {
      return structuredClone(this.#answer(request)) as T
    } catch (thrown) {
      this.refused.push(String(thrown))
      throw thrown
    }
  }

  watch(): AsyncIterable<unknown> {
    throw new Error('nothing is watched here')
  }

  /** As a person writes it; the same path replaces spec and metadata and keeps the status. */
  put(path: string, object: Record<string, unknown>, deletionTimestamp?: string): AnyObject {
    const known = this.objects.get(path)
    const wanted = object as unknown as AnyObject
    const uid = known?.metadata.uid ?? this.#newUid()
    const metadata: AnyObject['metadata'] = { ...known?.metadata, ...wanted.metadata, uid }
    const generation = Number(known?.metadata['generation'] ?? 0)
    const raised =
      JSON.stringify(known?.['spec']) === JSON.stringify(wanted['spec']) ? generation : generation + 1
    Object.assign(metadata, { generation: Math.max(1, raised) })
    metadata['creationTimestamp'] ??= '2026-01-01T00:00:00Z'
    if (deletionTimestamp !== undefined) metadata['deletionTimestamp'] = deletionTimestamp
    return this.#store(path, { ...known, ...wanted, metadata })
  }

  /** As kubectl delete: at once, or when the last finalizer goes. */
  delete(path: string): void {
    const known = this.objects.get(path)
    if (known === undefined) return
    if (((known.metadata['finalizers'] as string[] | undefined) ?? []).length === 0) this.#remove(path, known)
    else this.put(path, known, '2026-01-02T00:00:00Z')
  }

  #answer({ method, path, body, query }: KubeRequest): unknown {
    if (method === 'POST') return this.#create(path, body as AnyObject)
    const target = path.replace(/\/status$/, '')
    const known = this.objects.get(target)
    if (known === undefined) throw new KubeError(`${method} ${path}: 404 not found`, 404)
    if (method === 'GET') return known
    if (method === 'DELETE') {
      this.writes.push(`DELETE ${path}`)
      this.delete(target)
      return {}
    }
    const patch = body as { metadata?: Record<string, unknown>; status?: unknown }
    const { resourceVersion, uid } = patch.metadata ?? {}
    if (resourceVersion !== undefined && resourceVersion !== known.metadata.resourceVersion)
      throw new KubeError(`${method} ${path}: 409 the object has been modified`, 409)
    if (uid !== undefined && uid !== known.metadata.uid)
      throw new KubeError(`${method} ${path}: 409 uid mismatch`, 409)
    const next =
      query?.['fieldManager'] === undefined ? merged(known, patch) : { ...known, status: patch.status }
    if (JSON.stringify(next) === JSON.stringify(known)) return known
    this.writes.push(`${method} ${path}`)
    const stored = this.#store(target, next as AnyObject)
    const left = (stored.metadata['finalizers'] as string[] | undefined) ?? []
    if (stored.metadata['deletionTimestamp'] !== undefined && left.length === 0) this.#remove(target, stored)
    return stored
  }

  #create(collection: string, object: AnyObject): AnyObject {
    if (collection.includes('/events')) return object
    const path = `${collection}/${object.metadata.name}`
    if (this.objects.has(path)) throw new KubeError(`POST ${path}: 409 already exists`, 409)
    this.writes.push(`POST ${path}`)
    const metadata = { ...object.metadata, uid: this.#newUid() }
    return this.#store(path, { ...object, metadata })
  }

  #store(path: string, object: AnyObject): AnyObject {
    this.#version += 1
    const stored = structuredClone({
      ...object,
      metadata: { ...object.metadata, resourceVersion: String(this.#version) },
    })
    this.objects.set(path, stored)
    this.changed(path, structuredClone(stored), false)
    return stored
  }

  #remove(path: string, object: AnyObject): void {
    this.objects.delete(path)
    this.changed(path, structuredClone(object), true)
  }

  #newUid(): string {
    this.#uids += 1
    return `uid-${this.#uids}`
  }
}

/** RFC 7386. */
function merged(target: unknown, patch: unknown): unknown {
  if (!isRecord(patch)) return patch
  const result: Record<string, unknown> = isRecord(target) ? { ...target } : {}
  for (const [name, value] of Object.entries(patch))
    if (value === null) delete result[name]
    else result[name] = merged(result[name], value)
  return result
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
