import type { Clock } from '../../operator/runtime/clock.ts'
import { type KubeClient, KubeError, type KubeRequest } from '../../operator/runtime/kube-client.ts'

/** Any object of any kind. */
export interface AnyObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: Readonly<Record<string, unknown>> & {
    readonly name: string
    readonly uid: string
    readonly resourceVersion: string
    readonly generation: number
  }
  readonly spec?: Readonly<Record<string, unknown>>
  readonly status?: Readonly<Record<string, unknown>>
  readonly [field: string]: unknown
}

interface Happened {
  readonly version: number
  readonly collection: string
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  readonly object: AnyObject
}

/**
 * As much of an API server as the reconcile of IdGenerators needs, for tests: objects by path, lists and watches,
 * conflicts, apply by one manager that owns whole objects. Deployments get their pods and Jobs end a moment after they
 * were made, as `fates` says; what an owner leaves behind is not collected.
 */
export class MemoryCluster implements KubeClient {
  readonly objects = new Map<string, AnyObject>()
  /** Requests that changed something: "PATCH /apis/…". */
  readonly writes: string[] = []
  /** Before and after each write; throws to refuse it, or to lose its answer. */
  hook: (when: 'before' | 'after', request: KubeRequest) => void = () => {}
  /** Whether the pods of a Deployment come up, and whether a Job succeeds. */
  fates = { healthy: (_image: string): boolean => true, migrates: (): boolean => true }
  /** Watches are open and say nothing, as over a connection that is dead without a word. */
  silent = false
  readonly #clock: Clock
  readonly #history: Happened[] = []
  readonly #wakes = new Set<() => void>()
  #version = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  async send<T>(request: KubeRequest): Promise<T> {
    // An answer is never there in the same turn.
    await Promise.resolve()
    request.signal?.throwIfAborted()
    if (request.method === 'GET') return structuredClone(this.#read(request)) as T
    this.hook('before', request)
    const answer = this.#write(request)
    this.hook('after', request)
    return structuredClone(answer) as T
  }

  async *watch({ path, query, signal }: KubeRequest): AsyncGenerator<unknown, void, undefined> {
    let seen = Number(query?.['resourceVersion'] ?? 0)
    while (signal?.aborted !== true) {
      for (const { version, collection, type, object } of this.#history) {
        if (this.silent || version <= seen || collection !== path) continue
        seen = version
        // One that no longer matches is gone for whoever watches.
        if (matches(object, query)) yield { type, object: structuredClone(object) }
        else if (type !== 'ADDED') yield { type: 'DELETED', object: structuredClone(object) }
      }
      if (!this.silent) seen = Math.max(seen, this.#version)
      await new Promise<void>((resolve) => {
        this.#wakes.add(resolve)
        signal?.addEventListener('abort', () => resolve(), { once: true })
      })
    }
  }

  /** As a person writes it: the spec, annotations … of an object that keeps its status. */
  put(path: string, object: object): AnyObject {
    const known = this.objects.get(path)
    return this.#store(path, { ...object, ...(known?.status === undefined ? {} : { status: known.status }) })
  }

  remove(path: string): void {
    const known = this.objects.get(path)
    if (known === undefined) return
    this.objects.delete(path)
    this.#happened(path, 'DELETED', {
      ...known,
      metadata: { ...known.metadata, resourceVersion: this.#next() },
    })
  }

  #read({ path, query }: KubeRequest): unknown {
    const one = this.objects.get(path)
    if (one !== undefined) return one
    // Groups of optional kinds, and single objects, are not there; everything else is a list.
    if (/^\/apis\/[^/]+\/[^/]+$/.test(path) || isObjectPath(path))
      throw new KubeError(`GET ${path}: 404`, 404)
    const items = [...this.objects]
      .filter(([key, item]) => collectionsOf(key).includes(path) && matches(item, query))
      .map(([, item]) => item)
    return { metadata: { resourceVersion: String(this.#version) }, items }
  }

  #write({ method, path, body = {}, contentType }: KubeRequest): unknown {
    if (path.includes('/events')) return body
    const target = path.replace(/\/status$/, '')
    const wanted = body as Partial<AnyObject>
    if (method === 'POST') return this.#create(`${path}/${wanted.metadata?.name}`, wanted)
    const known = this.objects.get(target)
    if (known === undefined && contentType !== 'application/apply-patch+yaml')
      throw new KubeError(`${method} ${path}: 404`, 404)
    const { resourceVersion } = wanted.metadata ?? {}
    if (resourceVersion !== undefined && resourceVersion !== known?.metadata.resourceVersion)
      throw new KubeError(`${method} ${path}: 409 the object has been modified`, 409)
    if (method === 'DELETE') {
      this.writes.push(`DELETE ${path}`)
      this.remove(target)
      return {}
    }
    const isStatus = path.endsWith('/status')
    const next =
      contentType !== 'application/apply-patch+yaml'
        ? merged(known, wanted)
        : isStatus
          ? { ...known, status: wanted.status }
          : { ...wanted, ...(known?.status === undefined ? {} : { status: known.status }) }
    if (known !== undefined && sameBut(known, next as AnyObject)) return known
    this.writes.push(`${method} ${path}`)
    return this.#store(target, next as object)
  }

  #create(path: string, object: object): AnyObject {
    if (this.objects.has(path)) throw new KubeError(`POST ${path}: 409 already exists`, 409)
    this.writes.push(`POST ${path}`)
    return this.#store(path, object)
  }

  #store(path: string, object: object): AnyObject {
    const known = this.objects.get(path)
    const wanted = object as Partial<AnyObject>
    const changed = JSON.stringify(known?.spec) !== JSON.stringify(wanted.spec)
    const resourceVersion = this.#next()
    const stored = structuredClone({
      ...wanted,
      metadata: {
        creationTimestamp: new Date(this.#clock.nowMs()).toISOString(),
        ...known?.metadata,
        ...wanted.metadata,
        uid: known?.metadata.uid ?? `uid-${resourceVersion}`,
        generation: (known?.metadata.generation ?? 0) + (changed ? 1 : 0),
        resourceVersion,
      },
    }) as unknown as AnyObject
    this.objects.set(path, stored)
    this.#happened(path, known === undefined ? 'ADDED' : 'MODIFIED', stored)
    if (changed) this.#live(path, stored)
    return stored
  }

  /** What the controllers and kubelets of a cluster would do. */
  #live(path: string, { kind, spec, metadata }: AnyObject): void {
    if (kind !== 'Deployment' && kind !== 'Job') return
    this.#clock.after(POD_MS, () => {
      const known = this.objects.get(path)
      if (known?.metadata.generation !== metadata.generation) return
      const annotations = metadata['annotations'] as Record<string, string> | undefined
      const count = Number(spec?.['replicas'] ?? 0)
      const up = this.fates.healthy(annotations?.['idgen.io/image'] ?? '') ? count : 0
      const migrated = this.fates.migrates()
      const condition = {
        type: migrated ? 'Complete' : 'Failed',
        status: 'True',
        lastTransitionTime: new Date(this.#clock.nowMs()).toISOString(),
      }
      const status =
        kind === 'Job'
          ? { conditions: [condition] }
          : { replicas: count, readyReplicas: up, availableReplicas: up }
      this.#store(path, { ...known, status })
    })
  }

  #next(): string {
    this.#version += 1
    return String(this.#version)
  }

  #happened(path: string, type: Happened['type'], object: AnyObject): void {
    const version = Number(object.metadata.resourceVersion)
    for (const collection of collectionsOf(path)) this.#history.push({ version, collection, type, object })
    for (const wake of this.#wakes) wake()
    this.#wakes.clear()
  }
}

/** "a=b,c": a has that value, and c is there. */
function matches({ metadata }: AnyObject, query: KubeRequest['query'] = {}): boolean {
  const labels = (metadata['labels'] ?? {}) as Readonly<Record<string, string>>
  const terms = query['labelSelector']?.split(',') ?? []
  return terms.every((term) => {
    const [label = '', value] = term.split('=')
    return value === undefined ? label in labels : labels[label] === value
  })
}

/** The paths of the lists that an object stands in: of its namespace, and of all. */
function collectionsOf(path: string): string[] {
  const own = path.replace(/\/[^/]+$/, '')
  return [own, own.replace(/\/namespaces\/[^/]+/, '')]
}

/** /…/namespaces/NS/PLURAL/NAME */
function isObjectPath(path: string): boolean {
  return /\/namespaces\/[^/]+\/[^/]+\/[^/]+$/.test(path)
}

function sameBut(known: AnyObject, next: AnyObject): boolean {
  const bare = ({ metadata, ...rest }: AnyObject): string => {
    const {
      uid: _uid,
      resourceVersion: _version,
      generation: _generation,
      creationTimestamp: _at,
      ...marks
    } = metadata
    return canonical({ ...rest, metadata: marks })
  }
  return bare(known) === bare(next)
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, field: unknown) =>
    isRecord(field) ? Object.fromEntries(Object.entries(field).sort(([a], [b]) => (a < b ? -1 : 1))) : field,
  )
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

/** How long a pod takes to come up, and a migration to run. */
const POD_MS = 200
