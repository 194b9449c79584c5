import type { IdGenerator } from '../api/kinds.ts'
import { LABELS } from '../api/marks.ts'
import { MANAGED_BY } from '../render/metadata.ts'
import { KINDS } from '../render/object-kinds.ts'
import type { ObjectReference, RenderedObject } from '../render/rendered-object.ts'
import { isStatus, type KubeClient } from '../runtime/kube-client.ts'
import { type KubeObject, objectKey, objectPath, type Resource } from '../runtime/resource.ts'
import type { SteadyApplier } from '../runtime/steady-applier.ts'
import { isRefusal } from './api-refusal.ts'

export interface ObjectWriterOptions {
  readonly client: KubeClient
  readonly applier: SteadyApplier
  /** As the cache has it. */
  readonly live: (kind: string, key: string) => KubeObject | undefined
}

/** Makes, changes and deletes the objects of an IdGenerator. */
export class ObjectWriter {
  readonly #options: ObjectWriterOptions

  constructor(options: ObjectWriterOptions) {
    this.#options = options
  }

  /**
   * Applies all, in order. One that the API server refuses keeps no other from being applied; what was refused is
   * returned, a sentence each. Throws where the server does not answer, or not now.
   */
  async apply(
    owner: IdGenerator,
    objects: readonly RenderedObject[],
    signal: AbortSignal,
  ): Promise<readonly string[]> {
    const { applier, live } = this.#options
    const refused: string[] = []
    for (const object of objects) {
      const key = objectKey(object.metadata)
      const resource = resourceOf(object)
      const found = live(object.kind, key)
      try {
        if (found === undefined && (await this.#isForeign(owner, resource, key, signal)))
          refused.push(`${object.kind} ${object.metadata.name} is there and not the operator's: ${RENAME}`)
        else await applier.apply(objectKey(owner.metadata), resource, object, found, signal)
      } catch (thrown) {
        // Its cache lags: what was decided from it is not to be done.
        if (object.kind === KINDS.Deployment.kind && isStatus(thrown, 409)) throw thrown
        // A conflict here is no race: what is on its way out cannot be changed, and others must not wait for it.
        if (!isRefusal(thrown) && !isStatus(thrown, 409)) throw thrown
        refused.push(`${object.kind} ${object.metadata.name}: ${thrown.message}.`)
      }
    }
    return refused
  }

  /** What the caches do not have is nowhere, or somebody else's; an apply would take it over. */
  async #isForeign(
    owner: IdGenerator,
    resource: Resource,
    key: string,
    signal: AbortSignal,
  ): Promise<boolean> {
    try {
      const path = objectPath(resource, key)
      const { metadata } = await this.#options.client.send<KubeObject>({ method: 'GET', path, signal })
      const { labels = {}, ownerReferences = [] } = metadata
      const isOurs =
        labels[LABELS.managedBy] === MANAGED_BY && labels[LABELS.generator] === owner.metadata.name
      // Somebody may only have taken our labels away.
      return !isOurs && !ownerReferences.some(({ uid }) => uid === owner.metadata.uid)
    } catch (thrown) {
      if (isStatus(thrown, 404)) return false
      throw thrown
    }
  }

  /** Only the number of pods of a Deployment that cannot be rendered now. Fails with a KubeError 409 as `apply` does. */
  async scale(deployment: KubeObject, replicas: number, signal: AbortSignal): Promise<void> {
    await this.#options.client.send({
      method: 'PATCH',
      path: objectPath(KINDS.Deployment, objectKey(deployment.metadata)),
      contentType: 'application/merge-patch+json',
      body: { metadata: { resourceVersion: deployment.metadata.resourceVersion }, spec: { replicas } },
      signal,
    })
  }

  /** Where there is none; what was refused is returned, as by `apply`. */
  async create(resource: Resource, object: RenderedObject, signal: AbortSignal): Promise<readonly string[]> {
    const path = objectPath(resource, objectKey(object.metadata)).replace(/\/[^/]*$/, '')
    try {
      await this.#options.client.send({ method: 'POST', path, body: object, signal })
      return []
    } catch (thrown) {
      if (isStatus(thrown, 409)) return []
      if (!isRefusal(thrown)) throw thrown
      return [`${object.kind} ${object.metadata.name}: ${thrown.message}.`]
    }
  }

  /** Those that are there and belong to the IdGenerator. */
  async delete(
    owner: IdGenerator,
    references: readonly ObjectReference[],
    signal: AbortSignal,
  ): Promise<number> {
    let deleted = 0
    for (const { kind, name } of references) {
      const key = `${owner.metadata.namespace ?? 'default'}/${name}`
      const live = this.#options.live(kind.kind, key)
      if (live === undefined || live.metadata.deletionTimestamp !== undefined) continue
      if (!live.metadata.ownerReferences?.some(({ uid }) => uid === owner.metadata.uid)) continue
      if (await this.#delete(kind, live, signal)) deleted += 1
    }
    return deleted
  }

  async #delete(resource: Resource, { metadata }: KubeObject, signal: AbortSignal): Promise<boolean> {
    try {
      await this.#options.client.send({
        method: 'DELETE',
        path: objectPath(resource, objectKey(metadata)),
        // Not another one of that name; its pods go with it.
        body: { preconditions: { uid: metadata.uid }, propagationPolicy: 'Background' },
        signal,
      })
      return true
    } catch (thrown) {
      if (isStatus(thrown, 404, 409)) return false
      throw thrown
    }
  }
}

const RENAME = 'delete it, or give the IdGenerator another name.'

function resourceOf({ kind }: RenderedObject): Resource {
  const resource = Object.values(KINDS).find((one) => one.kind === kind)
  if (resource === undefined) throw new Error(`${kind} is no kind that is rendered`)
  return resource
}
